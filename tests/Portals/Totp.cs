using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Ostiary.Portals;

/// <summary>Time-based one-time codes as authenticator apps make them (RFC 6238 over RFC 4226: SHA-1, 30 seconds, 6 digits).</summary>
public static class Totp
{
    private const int StepSeconds = 30;

    /// <summary>The number of the 30-second step that contains <paramref name="at"/>.</summary>
    public static long Step(DateTimeOffset at) => at.ToUnixTimeSeconds() / StepSeconds;

    /// <summary>The code of one step. <paramref name="secret"/> is base32 (RFC 4648) without padding.</summary>
    public static string Code(string secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[20];
#pragma warning disable CA5350 // RFC 6238 authenticators use HMAC-SHA-1.
        HMACSHA1.HashData(Base32(secret), counter, hash);
#pragma warning restore CA5350
        var offset = hash[^1] & 0xf;
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[offset..]) & 0x7fffffff;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    private static byte[] Base32(string text)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var bytes = new List<byte>();
        int buffer = 0, bits = 0;
        foreach (var letter in text.ToUpperInvariant())
        {
            var value = alphabet.IndexOf(letter, StringComparison.Ordinal);
            if (value < 0) throw new FormatException("The authenticator seed is not base32.");
            buffer = (buffer << 5) | value;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes.Add((byte)(buffer >> bits));
            buffer &= (1 << bits) - 1;
        }

        return [.. bytes];
    }
}
