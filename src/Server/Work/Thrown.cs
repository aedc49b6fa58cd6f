using System.Diagnostics;
using Npgsql;

namespace Ostiary.Server.Work;

/// <summary>
/// Says what was thrown and where, never the message: exceptions of browsers and websites repeat what was typed into them.
/// </summary>
internal static class Thrown
{
    /// <summary>The types from the outside in, for instance <c>HttpRequestException > SocketException</c>; with SQLSTATE for the database's.</summary>
    public static string Name(Exception exception)
    {
        var names = new List<string>();
        for (var e = exception; e is not null && names.Count < 4; e = e.InnerException)
            names.Add(e is PostgresException refusal ? $"{nameof(PostgresException)} {refusal.SqlState}" : e.GetType().Name);
        return string.Join(" > ", names);
    }

    /// <summary>The innermost method of this product on the way, with its line when that is known.</summary>
    public static string Place(Exception exception)
    {
        foreach (var frame in new StackTrace(exception.GetBaseException(), fNeedFileInfo: true).GetFrames().Concat(new StackTrace(exception, fNeedFileInfo: true).GetFrames()))
        {
            var type = DiagnosticMethodInfo.Create(frame) is { } method ? (Name: method.DeclaringTypeName, Method: method.Name) : default;
            if (type.Name?.StartsWith("Ostiary.", StringComparison.Ordinal) != true) continue;
            var file = frame.GetFileName();
            return file is null ? $"{type.Name}.{type.Method}" : $"{type.Name}.{type.Method} ({Path.GetFileName(file)}:{frame.GetFileLineNumber()})";
        }

        return "unknown";
    }
}
