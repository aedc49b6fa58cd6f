using System.Globalization;
using System.Reflection;

namespace Ostiary.Server;

/// <summary>
/// Where settings come from, later ones winning: <c>appsettings.json</c>, environment variables <c>OSTIARY_&lt;Section&gt;__&lt;Name&gt;</c>, command-line flags. Every fault is
/// reported, together, before anything starts.
/// </summary>
internal sealed class Settings(IConfiguration configuration, IServiceCollection services)
{
    private const string Prefix = "OSTIARY_";
    private readonly List<string> _faults = [];

    /// <summary>Everything that cannot be used, one sentence each.</summary>
    public IReadOnlyList<string> Faults => _faults;

    public static Settings Of(WebApplicationBuilder builder, string[] arguments)
    {
        // Without the machine's other variables: a DATABASE or DATA that belongs to something else is none of ours.
        builder.Configuration.Sources.Clear();
        builder.Configuration
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true, reloadOnChange: false)
            .AddEnvironmentVariables(Prefix)
            .AddCommandLine(arguments, new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
            {
                ["--api-key"] = "API_KEY",
            });
        // Read once, then gone: browsers and the database server inherit this process's environment and need neither.
        foreach (var name in (string[])["API_KEY", "DATABASE", "Advisor__ApiKey"])
        {
            var key = name.Replace("__", ":", StringComparison.Ordinal);
            if (builder.Configuration[key] is not { } value) continue;
            builder.Configuration.AddInMemoryCollection([new(key, value)]);
            // The names of settings are the same in any case.
            foreach (var variable in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(v => v.Equals(Prefix + name, StringComparison.OrdinalIgnoreCase)).ToList()) Environment.SetEnvironmentVariable(variable, null);
        }

        return new Settings(builder.Configuration, builder.Services);
    }

    /// <summary>
    /// Binds a section onto an options class and registers it as a singleton. Durations are written <c>00:05:00</c>, <c>5m</c>, <c>90s</c>, <c>250ms</c>, <c>2h</c>, <c>30d</c>, or as
    /// a bare number of seconds.
    /// </summary>
    public T Add<T>(string section, Action<T, Action<string>>? check = null) where T : class, new()
    {
        var options = Read<T>(section);
        check?.Invoke(options, fault => _faults.Add($"{section}: {fault}"));
        services.AddSingleton(options);
        return options;
    }

    /// <summary>The same for a section that its room binds itself.</summary>
    public T Normalise<T>(string section) where T : class, new() => Read<T>(section);

    /// <summary>Reads a duration; null when it is not one.</summary>
    public static TimeSpan? ParseDuration(string text)
    {
        text = text.Trim();
        foreach (var (suffix, unit) in (ReadOnlySpan<(string, double)>)[("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("", 1)])
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit < 1e9) return TimeSpan.FromSeconds(number * unit);
        }

        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) && span >= TimeSpan.Zero ? span : null;
    }

    private T Read<T>(string section) where T : class, new()
    {
        var options = new T();
        foreach (var property in typeof(T).GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.SetMethod is { IsPublic: true }))
        {
            var key = $"{section}:{property.Name}";
            if (configuration[key] is not { Length: > 0 } text) continue;
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            object? value = null;
            if (type == typeof(string)) value = text;
            else if (type == typeof(Ostiary.Vault.Secret)) value = Ostiary.Vault.Secret.From(text);
            else if (type == typeof(TimeSpan))
            {
                value = ParseDuration(text);
                if (value is TimeSpan span) configuration[key] = span.ToString("c", CultureInfo.InvariantCulture);
            }
            else if (type == typeof(int)) value = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
            else if (type == typeof(long)) value = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
            else if (type == typeof(bool)) value = bool.TryParse(text, out var flag) ? flag : null;
            else continue;
            if (value is null) _faults.Add($"{Prefix}{section}__{property.Name} is not a {Word(type)}: write {Example(type)}.");
            else property.SetValue(options, value);
        }

        return options;
    }

    private static string Word(Type type) => type == typeof(TimeSpan) ? "duration" : type == typeof(bool) ? "yes or no" : "whole number";

    private static string Example(Type type) => type == typeof(TimeSpan) ? "00:05:00, 5m, 90s or 250ms" : type == typeof(bool) ? "true or false" : "digits only";
}
