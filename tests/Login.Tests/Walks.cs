using System.Collections.Concurrent;
using Ostiary.Browser;
using Xunit;

namespace Ostiary.Login.Tests;

/// <summary>
/// Random walks of the engine over pages that were really seen, in any order: whatever a site shows next, the steps never send a password twice from one page state, never type
/// outside of the source's domain, and never into a form that is no sign-in. Pure, so that thousands cost less than one page.
/// </summary>
internal static class Walks
{
    private const int Steps = 14;
    private const string Elsewhere = "collector.example";
    private static readonly ConcurrentQueue<PageSnapshot> Known = [];

    /// <summary>Remembers pages, and walks over them and all that were remembered before.</summary>
    public static void Check(IReadOnlyList<PageSnapshot> pages, Uri source, int walks)
    {
        foreach (var page in pages) Known.Enqueue(page);
        var all = Known.ToArray();
        for (var seed = 0; seed < walks; seed++) Walk(pages, all, source, seed);
    }

    private static void Walk(IReadOnlyList<PageSnapshot> own, PageSnapshot[] all, Uri source, int seed)
    {
#pragma warning disable CA5394 // Chance chooses pages here, so that a walk can be repeated by its number.
        var chance = new Random(seed);
        var engine = new LoginEngine();
        Slot[] slots = [Slot.Username, Slot.Password, Slot.SourceField("company_id"), Slot.SourceField("last_name")];
        var progress = LoginProgress.Start(source, null, chance.Next(3) == 0 ? slots.Append(Slot.TotpCode) : slots);
        var sent = new Dictionary<string, int>(StringComparer.Ordinal);
        var page = own[chance.Next(own.Count)];
        for (var step = 0; step < Steps; step++)
        {
            page = chance.Next(10) switch
            {
                < 3 => page,
                < 7 => own[chance.Next(own.Count)],
                _ => all[chance.Next(all.Length)],
            };
            var away = chance.Next(6) == 0;
            var shown = away ? MovedTo(page, Elsewhere) : page;
            progress = progress with { SinceStep = TimeSpan.FromMilliseconds(chance.Next(4) == 0 ? chance.Next(30_000) : chance.Next(3_000)) };
            var decision = engine.Next(shown, progress);
            var what = $"walk {seed}, step {step}, {shown.Url.AbsolutePath}, {decision.Page}: {decision.Step}";
            if (decision.Step is LoginStep.Done) return;
            if (Types(decision.Step))
            {
                Assert.False(away, "typed on another domain: " + what);
                if (decision.Step is LoginStep.Fill fill) CheckFields(fill, LoginPage.Read(shown), what);
            }
            var next = progress.After(decision, shown);
            if (next.Submissions.Count > progress.Submissions.Count && next.Submissions[^1] is { Kind: SubmissionKind.Password } submission)
            {
                var times = sent[submission.State] = sent.GetValueOrDefault(submission.State) + 1;
                Assert.True(times <= 2, "a third time: " + what);
                // A second time only where the site said that the page had gone stale, or where nothing had left the browser.
                if (times == 2)
                    Assert.True(shown.Requests.Count == 0 || SiteText.Answers(LoginPage.Read(shown), progress).Exists(a => Words.Has(WordList.Expired, a.Text)), "a second time: " + what);
            }
            progress = next;
            if (decision.Step is LoginStep.Ask ask)
            {
                if (chance.Next(8) == 0) return;
                progress = progress.WithAnswer(ask.Challenge, ask.Challenge.Fields.Select(f => f.Name), ask.Challenge.Fields.Where(f => f.Options is { Count: > 0 }).Select(f => KeyValuePair.Create(f.Name, f.Options![chance.Next(f.Options.Count)].Value)));
            }
        }
#pragma warning restore CA5394
    }

    private static bool Types(LoginStep? step) => step is LoginStep.Fill or LoginStep.Authenticate or LoginStep.ChooseBySlot;

    private static void CheckFields(LoginStep.Fill fill, LoginPage page, string what)
    {
        foreach (var value in fill.Values)
        {
            var group = page.GroupOf(value.Field);
            // A single field that follows a user name takes what is no secret.
            var further = group?.Fields.Count == 1 && value.Slot.Name.StartsWith("source_field:", StringComparison.Ordinal);
            Assert.True(further || group is not null && (group.IsLogin || group.Kind is GroupKind.Code or GroupKind.Question), "not a sign-in: " + what);
            if (value.Slot == Slot.Password) Assert.True(group!.Fields.Exists(f => f.Element.Id == value.Field && f.Role == FieldRole.Password), "a password in another field: " + what);
            else Assert.False(page.Element(value.Field)!.Type == "password" && value.Slot == Slot.Username, "a user name in a password field: " + what);
        }
    }

    private static PageSnapshot MovedTo(PageSnapshot page, string host)
    {
        Uri Move(Uri url) => url.Scheme is "http" or "https" ? new UriBuilder(url) { Host = host, Port = -1 }.Uri : url;
        return page with { Url = Move(page.Url), Frames = [.. page.Frames.Select(f => f with { Url = Move(f.Url) })] };
    }
}
