using System.Text.Json;
using Xunit;
using Ostiary.Server;

namespace Ostiary.Login.Tests;

/// <summary>Pages kept by <c>./run look URL --keep tests/Login.Tests/Pages/NAME</c>: the engine makes of them what the file beside each says.</summary>
public sealed class KeptPagesTests(Shared shared)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Pages");

    public static TheoryData<string> Kept => [.. Directory.GetFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    private static CancellationToken Ending => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Kept))]
    public async Task A_kept_page_is_read_as_its_file_says(string name)
    {
        await using var pages = await Pages.StartAsync();
        using var expected = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, name + ".json"), Ending));
        var address = pages.Add(expected.RootElement.GetProperty("path").GetString()!, await File.ReadAllTextAsync(Path.Combine(Folder, name + ".html"), Ending));
        await using var session = await shared.Host.OpenAsync(null, Ending);
        await session.NavigateAsync(address, Ending);
        var page = await session.LookAsync(TimeSpan.FromSeconds(10), Ending);
        var decision = new LoginEngine().Next(page, Look.Unhurried(page, address));
        Assert.Equal((expected.RootElement.GetProperty("verdict").GetString(), expected.RootElement.GetProperty("step").GetString()), (decision.Page.ToString(), Outspoken.Describe(decision.Step, page)));
    }

    [Fact]
    public async Task Looking_tells_what_is_seen_touches_nothing_and_keeps_no_value()
    {
        const string typed = "typed-by-somebody";
        await using var pages = await Pages.StartAsync();
        var address = pages.Add("/account/login", $"""
            <!doctype html><title>Log in</title><script>window.secret = '{typed}'</script>
            <form action="/account/login?token={typed}"><label>Email <input name="user" value="{typed}"></label><label>Password <input type="password" name="pw"></label><textarea>{typed}</textarea><button>Log in</button></form>
            <p>Written to ada@example.org</p><div id="host"></div><iframe srcdoc="<label>Company <input value='{typed}'></label>"></iframe>
            <script>document.querySelector('#host').attachShadow({'{'}mode:'open'{'}'}).innerHTML = '<b>in the shadow</b><input value="{typed}">'; document.querySelector('[name=pw]').value = '{typed}'</script>
            """);
        var target = Path.Combine(Directory.CreateTempSubdirectory("ostiary-look").FullName, "pages", "mine");
        Environment.SetEnvironmentVariable("OSTIARY_Egress__Allow", "127.0.0.1");
        using var output = new StringWriter();
        Assert.Equal(0, await Look.RunAsync([address.AbsoluteUri, "--keep", target], output, Ending));
        var said = output.ToString();
        Assert.Contains("taken for: Login", said, StringComparison.Ordinal);
        Assert.Contains("would: fill username, password, click (SubmitCredential) Log in", said, StringComparison.Ordinal);
        var kept = await File.ReadAllTextAsync(target + ".html", Ending);
        Assert.DoesNotContain(typed, said + kept + await File.ReadAllTextAsync(target + ".json", Ending), StringComparison.Ordinal);
        Assert.DoesNotContain("ada@example.org", kept, StringComparison.Ordinal);
        Assert.Contains("in the shadow", kept, StringComparison.Ordinal);
        Assert.Contains("Company", kept, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", kept, StringComparison.OrdinalIgnoreCase);
        Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(target))!, recursive: true);

        Assert.Equal(2, await Look.RunAsync(["not an address"], output, Ending));
        Assert.Equal(2, await Look.RunAsync([], output, Ending));
    }
}
