using System.Security.Cryptography;

namespace Ostiary.Server.Work;

/// <summary>This process as a worker: <c>wrk_</c> and 20 random characters, new at each start of the server.</summary>
internal sealed record WorkerId(string Value)
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static WorkerId New() => new("wrk_" + RandomNumberGenerator.GetString(Alphabet, 20));

    public override string ToString() => Value;
}
