namespace Ostiary.Server.Http;

/// <summary>Create calls for agents, sources and tasks accept an id chosen by the client.</summary>
internal static class ChosenId
{
    /// <summary>For the reference.</summary>
    public const string Words = "An id of your own choice, with the right prefix; generated when absent.";

    /// <summary>The chosen id, or a new one; a fault when it has the wrong form.</summary>
    public static T Read<T>(string? chosen, IdSource ids, List<Fault> faults) where T : struct, IObjectId<T>
    {
        if (chosen is null) return ids.New<T>();
        if (ObjectId.TryParse<T>(chosen, out var id)) return id;
        faults.Add(Fault.Invalid("id", $"`id` must be `{T.Prefix}` followed by 1 to 64 letters, digits, `_` or `-`."));
        return default;
    }

    public static Reply Taken<T>(T id) where T : struct, IObjectId<T> =>
        Reply.Fail(409, new Fault("request", "id_conflict", $"The id `{id.Value}` is taken; choose another or leave it out.", "id"));
}
