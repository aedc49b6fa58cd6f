using System.Text.Json;

namespace Ostiary.TestKit;

/// <summary>
/// A story told as a table: what is sent, what comes back, what is waited for, and which events a listener was told. Values that an answer brings are kept by name and stand for
/// <c>{name}</c> in later paths and bodies. Nothing happens until <see cref="RunAsync"/>; a failing line says which one it was.
/// </summary>
public sealed class Walkthrough(Api api)
{
    private readonly List<(string Says, Func<Task> Do)> _lines = [];
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private Answer? _last;

    /// <summary>Gives a name to a value from outside.</summary>
    public Walkthrough With(string name, string value)
    {
        _known[name] = value;
        return this;
    }

    /// <summary>Sends a request and expects a status. The body is JSON with <c>{names}</c>.</summary>
    public Walkthrough Sends(string method, string path, string? body, int status) => Line($"{method} {path} is answered {status}", async () =>
        _last = (await api.SendAsync(new HttpMethod(method), Filled(path), body is null ? null : Filled(body))).Is(status));

    public Walkthrough Posts(string path, string? body, int status) => Sends("POST", path, body, status);

    public Walkthrough Gets(string path, int status = 200) => Sends("GET", path, null, status);

    /// <summary>Sends a request and expects exactly one error.</summary>
    public Walkthrough IsRefused(string method, string path, string? body, int status, string type, string code, string? field = null) => Line($"{method} {path} is refused with {code}", async () =>
        _last = (await api.SendAsync(new HttpMethod(method), Filled(path), body is null ? null : Filled(body))).Refused(status, type, code, field));

    /// <summary>Reads an object until its status is the expected one.</summary>
    public Walkthrough Waits(string path, string status) => Line($"{path} becomes {status}", async () =>
    {
        Answer? seen = null;
        _last = await Eventually.GetAsync(
            $"{Filled(path)} is {status}",
            async () =>
            {
                seen = (await api.GetAsync(Filled(path))).Is(200);
                return seen["status"].GetString() == status ? seen : null;
            },
            TimeSpan.FromSeconds(120),
            () => seen?.Text ?? "");
    });

    /// <summary>Keeps a value of the last answer by a name.</summary>
    public Walkthrough Keeps(string name, string path = "id") => Line($"keep {path} as {name}", () =>
    {
        _known[name] = _last![path].GetString()!;
        return Task.CompletedTask;
    });

    /// <summary>Expects values in the last answer: path, then JSON with <c>{names}</c>.</summary>
    public Walkthrough Has(params (string Path, string Json)[] values) => Line($"the answer has {string.Join(", ", values.Select(v => $"{v.Path} = {v.Json}"))}", () =>
    {
        foreach (var (path, json) in values) _last!.Has(path, JsonDocument.Parse(Filled(json)).RootElement);
        return Task.CompletedTask;
    });

    /// <summary>Expects text somewhere in a value of the last answer.</summary>
    public Walkthrough Says(string path, string text) => Line($"{path} says {text}", () => _last![path].GetString()!.Contains(text, StringComparison.OrdinalIgnoreCase)
        ? Task.CompletedTask
        : throw new UnmetExpectationException($"`{path}` should say `{text}`: {_last.Text}"));

    /// <summary>Expects fields to be absent from the last answer.</summary>
    public Walkthrough Lacks(params string[] paths) => Line($"the answer lacks {string.Join(", ", paths)}", () =>
    {
        foreach (var path in paths) _last!.Lacks(path);
        return Task.CompletedTask;
    });

    /// <summary>Does something outside the API.</summary>
    public Walkthrough And(string says, Func<Task> act) => Line(says, act);

    /// <summary>Expects exactly these events of an object (by its kept name), in order, from its beginning on. Events are committed with the change, so there is nothing to wait for.</summary>
    public Walkthrough Fired(string name, params string[] types) => Line($"{name} fired {string.Join(", ", types)}", async () =>
    {
        var told = await api.EventsOfAsync(_known[name]);
        if (!told.SequenceEqual(types)) throw new UnmetExpectationException($"Expected the events {string.Join(", ", types)} of {_known[name]}; there are {string.Join(", ", told)}.");
    });

    /// <summary>Plays the lines.</summary>
    public async Task RunAsync()
    {
        for (var i = 0; i < _lines.Count; i++)
        {
            try
            {
                await _lines[i].Do();
            }
            catch (Exception exception) when (exception is UnmetExpectationException or KeyNotFoundException)
            {
                throw new UnmetExpectationException($"Line {i + 1}, \"{_lines[i].Says}\": {exception.Message}");
            }
        }
    }

    private Walkthrough Line(string says, Func<Task> act)
    {
        _lines.Add((says, act));
        return this;
    }

    private string Filled(string text)
    {
        foreach (var (name, value) in _known) text = text.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        return text;
    }
}
