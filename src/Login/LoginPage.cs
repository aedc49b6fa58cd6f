using System.Runtime.CompilerServices;
using Ostiary.Browser;

namespace Ostiary.Login;

/// <summary>A snapshot as the engine reads it: fields with their roles, groups with their kinds, controls with their purposes. A pure function of the snapshot.</summary>
internal sealed class LoginPage
{
    private static readonly ConditionalWeakTable<PageSnapshot, LoginPage> Known = [];
    private readonly Dictionary<ElementId, GroupReading> _groupOf = [];
    private readonly Dictionary<ElementId, int> _position = [];
    private HashSet<string>? _texts;

    private LoginPage(PageSnapshot snapshot)
    {
        Snapshot = snapshot;
        for (var i = 0; i < snapshot.Elements.Count; i++) _position[snapshot.Elements[i].Id] = i;
        Path = snapshot.Url.AbsolutePath.ToLowerInvariant();
        Groups = GroupBuilder.Build(snapshot);
        foreach (var group in Groups)
        {
            foreach (var field in group.Fields) _groupOf[field.Element.Id] = group;
            foreach (var field in group.Hidden) _groupOf[field.Element.Id] = group;
            foreach (var button in group.Buttons) _groupOf.TryAdd(button.Id, group);
        }
        foreach (var group in Groups)
        {
            GroupJudge.Decide(this, group);
            group.State = StateFor(group);
            foreach (var letter in group.Letters) _groupOf[letter.Element.Id] = group;
        }
        Overridden.Apply(this, _groupOf);
        Dormant = GroupBuilder.Dormant(snapshot, Groups);
        foreach (var group in Dormant) GroupJudge.Decide(this, group);
    }

    // A password form is the same one wherever a site shows it again: in a header, on a page of its own, at the address that received it, with or without the user name.
    internal string StateFor(GroupReading group) => group.IsLogin && (group.Password is not null || group.Letters.Count > 0)
        ? "password|" + HostOf(Snapshot.Frames[Math.Min(group.Frame, Snapshot.Frames.Count - 1)].Url, Snapshot.Url)
        : FingerprintOf(group);

    /// <summary>Where a group is, what for, and the roles of its fields: no ids, no texts.</summary>
    internal string FingerprintOf(GroupReading group) => $"{Snapshot.Url.AbsolutePath}|{group.Frame}|{group.Kind}|{string.Join(",", group.Fields.Where(f => f.Role != FieldRole.Other).Select(f => f.Role))}{(group.Letters.Count > 0 ? "|letters" : "")}";

    private static string HostOf(Uri frame, Uri page) => (frame.Scheme is "http" or "https" ? frame : page).Authority;

    public PageSnapshot Snapshot { get; }

    /// <summary>Groups of which nothing is shown: what a dialog or a menu would bring up.</summary>
    public List<GroupReading> Dormant { get; }
    public string Path { get; }
    public List<GroupReading> Groups { get; }
    public IReadOnlyList<ElementSnapshot> Elements => Snapshot.Elements;

    public static LoginPage Read(PageSnapshot snapshot) => Known.GetValue(snapshot, static s => new LoginPage(s));

    /// <summary>The best group to sign in with, or null.</summary>
    public GroupReading? LoginGroup => Groups.Where(g => g.IsLogin && g.Score >= 0).OrderByDescending(g => g.Score + InFront(g)).FirstOrDefault();

    /// <summary>A sign-in that is there and not shown yet, or null. Never filled: a control of the page has to open it first.</summary>
    public GroupReading? DormantLogin => Dormant.Where(g => g.Kind == GroupKind.Login && g.Score >= 4).OrderByDescending(g => g.Score).FirstOrDefault();

    /// <summary>The group that asks for a one-time code, or null.</summary>
    public GroupReading? CodeGroup => Groups.Where(g => g.Kind == GroupKind.Code).OrderByDescending(g => g.Score + InFront(g)).FirstOrDefault();

    /// <summary>The group in which somebody says who he is and gives the code that was sent to him: a sign-in without a password, or null.</summary>
    public GroupReading? CodeLogin => CodeGroup is { Identifier: not null } group ? group : null;

    public GroupReading? Of(GroupKind kind) => Groups.Find(g => g.Kind == kind);

    public GroupReading? GroupOf(ElementId element) => _groupOf.GetValueOrDefault(element);

    public int PositionOf(ElementId element) => _position.GetValueOrDefault(element, -1);

    public ElementSnapshot? Element(ElementId id) => _position.TryGetValue(id, out var at) ? Snapshot.Elements[at] : null;

    /// <summary>The fingerprint of the page state that an element belongs to.</summary>
    public string StateOf(ElementId element) => GroupOf(element)?.State ?? Snapshot.Url.AbsolutePath + "|" + string.Join("/", Groups.Select(g => g.Kind));

    /// <summary>What names an element across looks: its place, kind and words.</summary>
    public string OutlineOf(ElementId element) => Element(element) is { } e ? OutlineOf(e) : "?";

    public string OutlineOf(ElementSnapshot e)
    {
        var state = Snapshot.Url.AbsolutePath;
        return $"{state} {e.Kind} {(e.Name.Length > 0 ? e.Name : e.Text)} {e.Attributes.GetValueOrDefault("href")} {e.Attributes.GetValueOrDefault("name")}";
    }

    /// <summary>All visible texts, for comparison with a later look.</summary>
    public HashSet<string> Texts => _texts ??= [.. Elements.Where(e => e.Visible && e.Text.Length > 0).Select(e => e.Text)];

    private double InFront(GroupReading group)
    {
        var points = 0.0;
        var first = group.Fields.Count > 0 ? group.Fields[0].Element : null;
        if (first is null) return 0;
        if (group.Dialog >= 0 && Snapshot.Groups[group.Dialog] is { Kind: "dialog" }) points += 3;
        if (first.Covered) points -= 4;
        if (group.Fields.Exists(f => f.Element.Focused)) points += 1;
        // What another site shows in a frame gives way to the page's own.
        if (group.Frame > 0 && Snapshot.Frames[group.Frame].Url is { Scheme: "http" or "https" } frame && !RegistrableDomain.Same(frame, Snapshot.Url)) points -= 8;
        return points;
    }
}

/// <summary>Puts fields and controls that belong together into groups: a form, or for fields without one those that stand together.</summary>
internal static class GroupBuilder
{
    public static List<GroupReading> Build(PageSnapshot snapshot)
    {
        var groups = new List<GroupReading>();
        var elements = snapshot.Elements;
        var current = new Dictionary<(int Frame, int Form, int Dialog), GroupReading>();
        var lastPosition = new Dictionary<GroupReading, int>();
        var split = FormsToSplit(elements);

        for (var i = 0; i < elements.Count; i++)
        {
            var e = elements[i];
            if (e.Kind is not (ElementKind.Input or ElementKind.Select or ElementKind.Choice)) continue;
            var usable = IsUsable(e);
            if (!usable && e.Kind != ElementKind.Input) continue;
            var key = (e.Id.Frame, e.Form, e.Form >= 0 ? -1 : e.Dialog);
            var group = current.GetValueOrDefault(key);
            if (group is not null && (e.Form < 0 || split.Contains(e.Form)) && usable && IsBreak(elements, lastPosition[group], i)) group = null;
            if (group is null)
            {
                group = new GroupReading { Index = groups.Count, Frame = e.Id.Frame, Form = e.Form, Dialog = e.Dialog, Fields = [], Hidden = [], Buttons = [], Choices = [], Selects = [], Around = [] };
                current[key] = group;
                groups.Add(group);
            }
            if (e.Kind == ElementKind.Input) (usable ? group.Fields : group.Hidden).Add(new FieldReading(e));
            else if (e.Kind == ElementKind.Select) group.Selects.Add(e);
            else group.Choices.Add(e);
            if (usable || !lastPosition.ContainsKey(group)) lastPosition[group] = i;
        }
        JoinPasswords(groups);
        groups.RemoveAll(g => g.Fields.Count == 0 && g.Choices.Count == 0 && g.Selects.Count == 0 && g.Hidden.Count == 0);
        AddControls(elements, groups);
        return groups;
    }

    /// <summary>The forms of which no field is shown and one is a password, as they would be read if they were.</summary>
    public static List<GroupReading> Dormant(PageSnapshot snapshot, List<GroupReading> shown)
    {
        var result = new List<GroupReading>();
        foreach (var group in shown)
        {
            // What is hidden on its own among shown fields is a trap or a spare; what is hidden as a whole is a dialog.
            if (!group.Hidden.Exists(f => f.IsPassword && IsAsleep(f.Element)) || group.Fields.Exists(f => f.IsPassword)) continue;
            var fields = group.Hidden.Where(f => IsAsleep(f.Element)).Select(f => new FieldReading(f.Element)).ToList();
            if (!fields.Exists(f => f.IsText) || group.Fields.Exists(f => f.Role == FieldRole.Identifier)) continue;
            var dormant = new GroupReading { Index = shown.Count + result.Count, Frame = group.Frame, Form = group.Form, Dialog = group.Dialog, Fields = fields, Hidden = [], Buttons = [], Choices = [], Selects = [], Around = [], IsDormant = true };
            foreach (var e in snapshot.Elements)
                if (e.Kind == ElementKind.Button && e.Form == group.Form && e.Id.Frame == group.Frame) dormant.Buttons.Add(e);
            result.Add(dormant);
        }
        return result;
    }

    // Not drawn, or drawn and not alive yet: a page may wake its form only after it has looked at the browser.
    private static bool IsAsleep(ElementSnapshot e) => e.HiddenBy is "display" or "visibility" || e.Visible && !e.Enabled && !e.ReadOnly;

    /// <summary>A password that stands alone and a single text field shortly before it in the same form (or both without one) belong together.</summary>
    private static void JoinPasswords(List<GroupReading> groups)
    {
        for (var i = 1; i < groups.Count; i++)
        {
            var group = groups[i];
            if (group.Fields.Count == 0 || !group.Fields[0].IsPassword || group.Fields.Exists(f => f.IsText)) continue;
            var before = groups.Take(i).LastOrDefault(g => g.Fields.Count > 0);
            if (before is null || before.Frame != group.Frame || before.Form != group.Form || before.Fields.Count(f => f.IsText) != 1 || before.Fields.Exists(f => f.IsPassword)) continue;
            var text = before.Fields.Find(f => f.IsText)!;
            if (text[FieldRole.Search] >= 5 || text.Element.Dialog != group.Fields[0].Element.Dialog) continue;
            // Large pictures may stand between them; many words or a control may not.
            var gap = group.Fields[0].Element.Box.Y - text.Element.Box.Bottom;
            if (gap < -50 || gap > 400 && group.Fields[0].Element.Id.Index - text.Element.Id.Index > 5) continue;
            before.Fields.AddRange(group.Fields);
            before.Hidden.AddRange(group.Hidden);
            before.Choices.AddRange(group.Choices);
            before.Selects.AddRange(group.Selects);
            groups.RemoveAt(i--);
        }
    }

    /// <summary>Can be seen and written in; or drawn over by the boxes of a code widget.</summary>
    private static bool IsUsable(ElementSnapshot e)
    {
        if (e.Attributes.GetValueOrDefault("aria-hidden") == "true" && e.Attributes.GetValueOrDefault("tabindex") == "-1") return false;
        if (e.Visible) return e.Enabled || e.ReadOnly && e.Kind == ElementKind.Input && e.HasValue is false;
        if (e.Kind != ElementKind.Input || e.HiddenBy is not ("opacity" or "clip") || e.Box.Width < 20 || e.Box.Height < 10 || !e.Enabled) return false;
        return e.Attributes.GetValueOrDefault("autocomplete") == "one-time-code" || e.Attributes.TryGetValue("maxlength", out var max) && max is "4" or "5" or "6" or "7" or "8";
    }

    /// <summary>Forms that wrap more than one purpose: a button that sends stands between two text fields.</summary>
    private static HashSet<int> FormsToSplit(IReadOnlyList<ElementSnapshot> elements)
    {
        var result = new HashSet<int>();
        var seen = new Dictionary<int, int>();
        foreach (var e in elements)
        {
            if (e.Form < 0 || !e.Visible) continue;
            if (e.Kind == ElementKind.Input)
            {
                if (seen.GetValueOrDefault(e.Form) == 2) result.Add(e.Form);
                seen[e.Form] = 1;
            }
            else if (e.Kind == ElementKind.Button && Sends(e) && seen.GetValueOrDefault(e.Form) == 1) seen[e.Form] = 2;
        }
        // One text and one password in one form are one login, whatever stands between them.
        foreach (var form in result.ToList())
        {
            var inputs = elements.Where(e => e.Form == form && e.Kind == ElementKind.Input && e.Visible).ToList();
            if (inputs.Count == 2 && inputs.Count(e => e.Type == "password") == 1 && inputs.TrueForAll(e => e.Landmark != "search")) result.Remove(form);
        }
        return result;
    }

    private static bool Sends(ElementSnapshot e) => e.Type is "submit" or "image" && !Controls.IsHelper(e);

    private static bool IsBreak(IReadOnlyList<ElementSnapshot> elements, int from, int to)
    {
        var a = elements[from];
        var b = elements[to];
        if (a.Landmark == "search" != (b.Landmark == "search")) return true;
        for (var i = from + 1; i < to; i++)
        {
            var e = elements[i];
            if (!e.Visible) continue;
            if (e.Kind == ElementKind.Button && (Sends(e) || a.Form < 0 && Controls.LooksLikeSubmit(e))) return true;
        }
        if (a.Form >= 0) return false;
        if (a.Landmark != b.Landmark && (a.Landmark is "header" or "nav" or "footer" || b.Landmark is "header" or "nav" or "footer")) return true;
        return b.Box.Y - a.Box.Bottom > 350 || a.Box.Y - b.Box.Bottom > 350;
    }

    private static void AddControls(IReadOnlyList<ElementSnapshot> elements, List<GroupReading> groups)
    {
        var position = new Dictionary<ElementId, int>();
        for (var i = 0; i < elements.Count; i++) position[elements[i].Id] = i;
        var spans = groups.Select(g =>
        {
            var members = g.Fields.Select(f => f.Element).Concat(g.Choices).Concat(g.Selects).DefaultIfEmpty(g.Hidden.Count > 0 ? g.Hidden[0].Element : null!).Where(e => e is not null).ToList();
            return (Group: g, First: members.Min(e => position[e.Id]), Last: members.Max(e => position[e.Id]), Members: members);
        }).OrderBy(s => s.First).ToList();
        for (var n = 0; n < spans.Count; n++)
        {
            var (group, first, last, members) = spans[n];
            var sameForm = spans.Where(s => s.Group != group && s.Group.Form == group.Form && s.Group.Frame == group.Frame).ToList();
            var nextFirst = sameForm.Where(s => s.First > last).Select(s => s.First).DefaultIfEmpty(int.MaxValue).Min();
            var previousLast = sameForm.Where(s => s.Last < first).Select(s => s.Last).DefaultIfEmpty(-1).Max();
            var bottom = members.Max(e => e.Box.Bottom);
            var top = members.Min(e => e.Box.Y);
            for (var i = 0; i < elements.Count; i++)
            {
                var e = elements[i];
                if (e.Id.Frame != group.Frame) continue;
                bool inside;
                if (group.Form >= 0) inside = e.Form == group.Form && i < nextFirst && i > previousLast;
                else inside = e.Form < 0 && e.Dialog == group.Dialog && i > (e.Kind == ElementKind.Button ? Math.Max(previousLast, first - 1) : Math.Max(previousLast, first - 12)) && i < nextFirst
                    && i < last + 25 && e.Box.Y < bottom + 350 && e.Box.Bottom > top - 350;
                if (!inside) continue;
                if (e.Kind == ElementKind.Button) group.Buttons.Add(e);
                else if (e.Kind is ElementKind.Link or ElementKind.Heading or ElementKind.Text or ElementKind.Alert or ElementKind.Image) group.Around.Add(e);
            }
            // A form whose button stands outside of it.
            if (group.Form >= 0 && !group.Buttons.Exists(b => b.Visible && !Controls.IsHelper(b)) && group.Fields.Count > 0)
            {
                for (var i = last + 1; i < elements.Count && i < last + 12; i++)
                {
                    var e = elements[i];
                    if (e.Id.Frame != group.Frame || !e.Visible) continue;
                    if (e.Kind == ElementKind.Input) break;
                    if (e.Kind == ElementKind.Button && e.Form < 0 && e.Box.Y < bottom + 250) { group.Buttons.Add(e); break; }
                }
            }
        }
    }
}
