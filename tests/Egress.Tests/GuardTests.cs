using System.Globalization;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ostiary.Egress.Tests;

public sealed class GuardTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static EgressGuard Guard(string allow = "", Names? names = null) => new(new EgressOptions { Allow = allow }, (names ?? []).ResolveAsync);

    private static async Task<string> Check(EgressGuard guard, string host, int port = 0) => await guard.CheckAsync(host, port, Stop) switch
    {
        EgressDecision.Allowed allowed => string.Join(' ', allowed.Addresses),
        EgressDecision.Refused => "refused",
        EgressDecision.Unresolved => "unresolved",
        _ => throw new InvalidOperationException(),
    };

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.255")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.0")]
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("100.127.255.255")]
    [InlineData("169.254.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.1")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.0.1")]
    [InlineData("192.168.255.255")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::2")]
    [InlineData("::7f00:1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b:1::8.8.8.8")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2001:2::1")]
    [InlineData("2001:10::1")]
    [InlineData("2001:20::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:808:808::1")]
    [InlineData("2607:f8b0::5efe:a00:1")]
    [InlineData("3fff::1")]
    [InlineData("3fff:fff:ffff::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fdff:ffff::1")]
    [InlineData("fe80::1")]
    [InlineData("febf::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public async Task An_address_that_is_not_public_is_refused_alone_and_behind_a_name(string address)
    {
        Assert.Equal("refused", await Check(Guard(), address));
        Assert.Equal("refused", await Check(Guard(), address.Contains(':') ? $"[{address}]" : address + "."));
        Assert.Equal("refused", await Check(Guard(names: new() { { "site.example", address } }), "site.example"));
        Assert.Equal("refused", await Check(Guard(names: new() { { "site.example", "8.8.8.8", address } }), "site.example"));
        Assert.Equal("refused", await Check(Guard(names: new() { { "site.example", address, "8.8.8.8" } }), "site.example"));
    }

    [Theory]
    [InlineData("8.8.8.8", "8.8.8.8")]
    [InlineData("1.0.0.1", "1.0.0.1")]
    [InlineData("9.255.255.255", "9.255.255.255")]
    [InlineData("11.0.0.0", "11.0.0.0")]
    [InlineData("100.63.255.255", "100.63.255.255")]
    [InlineData("100.128.0.0", "100.128.0.0")]
    [InlineData("126.255.255.255", "126.255.255.255")]
    [InlineData("128.0.0.1", "128.0.0.1")]
    [InlineData("169.253.255.255", "169.253.255.255")]
    [InlineData("172.15.255.255", "172.15.255.255")]
    [InlineData("172.32.0.0", "172.32.0.0")]
    [InlineData("192.0.1.1", "192.0.1.1")]
    [InlineData("192.167.255.255", "192.167.255.255")]
    [InlineData("198.17.255.255", "198.17.255.255")]
    [InlineData("198.20.0.0", "198.20.0.0")]
    [InlineData("223.255.255.255", "223.255.255.255")]
    [InlineData("::ffff:8.8.8.8", "8.8.8.8")]
    [InlineData("64:ff9b::808:808", "64:ff9b::808:808")]
    [InlineData("2606:4700:4700::1111", "2606:4700:4700::1111")]
    [InlineData("2001:4860:4860::8888", "2001:4860:4860::8888")]
    [InlineData("2a00:1450:4001:800::200e", "2a00:1450:4001:800::200e")]
    public async Task A_public_address_may_be_reached(string address, string reached)
    {
        Assert.True(IPAddress.TryParse(reached, out var expected));
        Assert.Equal(expected.ToString(), await Check(Guard(), address));
        Assert.Equal(expected.ToString(), await Check(Guard(names: new() { { "site.example", address } }), "site.example"));
    }

    [Theory]
    [InlineData("2130706433")]
    [InlineData("017700000001")]
    [InlineData("0x7f000001")]
    [InlineData("0X7F000001")]
    [InlineData("0x7F.1")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("0177.0x0.00.01")]
    [InlineData("127.0.0.1.")]
    [InlineData("127.0.0.0x1")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("::FFFF:7F00:0001")]
    [InlineData("0:0:0:0:0:ffff:127.0.0.1")]
    [InlineData("\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11")]
    [InlineData("127\u30020\u30020\u30021")]
    [InlineData("\u2460\u2461\u2466.0.0.1")]
    public async Task Every_spelling_of_loopback_is_loopback(string spelling)
    {
        Assert.Equal("refused", await Check(Guard(), spelling));
        Assert.Equal("127.0.0.1", await Check(Guard("127.0.0.1"), spelling));
    }

    [Fact]
    public void Any_address_in_any_spelling_is_that_address() => Prop.ForAll<uint>(number =>
    {
        var bytes = new[] { (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number };
        var expected = new IPAddress(bytes).ToString();
        string[] spellings =
        [
            number.ToString(CultureInfo.InvariantCulture), $"0x{number:x}", "0" + Convert.ToString(number, 8), expected,
            $"{bytes[0]}.0x{number & 0xffffff:X}", $"{bytes[0]}.{bytes[1]}.{number & 0xffff}", string.Join('.', bytes.Select(part => "0" + Convert.ToString(part, 8))), $"[::ffff:{expected}]",
        ];
        return spellings.All(spelling => Check(Guard("0.0.0.0/0"), spelling).GetAwaiter().GetResult() == expected);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("fe80::1%1")]
    [InlineData("[fe80::1%eth0]")]
    [InlineData("[fe80::1%251]")]
    [InlineData("[::1%lo]")]
    [InlineData("::1%1")]
    public async Task A_zone_does_not_hide_an_address(string spelling) => Assert.Equal("refused", await Check(Guard(), spelling));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData(".example")]
    [InlineData("site.example..")]
    [InlineData("site example")]
    [InlineData("site.example\0.other")]
    [InlineData("site.example/path")]
    [InlineData("site.example:80")]
    [InlineData("user@site.example")]
    [InlineData("site%2eexample")]
    [InlineData("site\\example")]
    [InlineData("256.256.256.256")]
    [InlineData("1.2.3.4.5")]
    [InlineData("127.0.0.08")]
    [InlineData("4294967296")]
    [InlineData("0x100000000")]
    [InlineData("999999999999999999999999999")]
    [InlineData("1.2.3.256")]
    [InlineData("site.123")]
    [InlineData("site.0x1f")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[127.0.0.1]")]
    [InlineData("[::1]:80")]
    [InlineData(":::1")]
    [InlineData("1:2:3")]
    [InlineData("fe80::1%")]
    [InlineData("*.example")]
    public async Task What_is_not_a_host_is_refused(string host)
    {
        var names = new Names { { host.ToLowerInvariant(), "8.8.8.8" } };
        Assert.Equal("refused", await Check(Guard(names: names), host));
        Assert.Empty(names.Asked);
    }

    [Fact]
    public async Task Labels_and_names_that_are_too_long_are_refused()
    {
        Assert.Equal("refused", await Check(Guard(), new string('a', 64) + ".example"));
        Assert.Equal("refused", await Check(Guard(), string.Join('.', Enumerable.Repeat("abcdefgh", 30))));
        Assert.Equal("refused", await Check(Guard(), new string('a', 100_000)));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("localhost.")]
    [InlineData("a.b.localhost")]
    [InlineData("printer.local")]
    [InlineData("metadata.google.internal")]
    [InlineData("Metadata.Google.Internal.")]
    [InlineData("x.internal")]
    [InlineData("router.home.arpa")]
    [InlineData("\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54")]
    public async Task A_name_of_the_local_network_is_refused_whatever_it_resolves_to(string name)
    {
        var names = new Names { { "localhost", "8.8.8.8" }, { name.ToLowerInvariant().TrimEnd('.'), "8.8.8.8" } };
        Assert.Equal("refused", await Check(Guard(names: names), name));
        Assert.Equal("refused", await Check(Guard("10.0.0.0/8", names), name));
    }

    [Theory]
    [InlineData("notlocalhost")]
    [InlineData("localhost.example")]
    [InlineData("internal.example")]
    [InlineData("mylocal")]
    public async Task A_name_that_only_looks_local_is_like_any_other(string name) =>
        Assert.Equal("8.8.8.8", await Check(Guard(names: new() { { name, "8.8.8.8" } }), name));

    [Theory]
    [InlineData("SITE.Example", "site.example")]
    [InlineData("site.example.", "site.example")]
    [InlineData("b\u00fccher.example", "xn--bcher-kva.example")]
    [InlineData("B\u00dcCHER.example", "xn--bcher-kva.example")]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("under_score.example", "under_score.example")]
    public async Task A_name_is_asked_for_in_its_one_spelling(string name, string asked)
    {
        var names = new Names { { asked, "8.8.8.8" } };
        Assert.Equal("8.8.8.8", await Check(Guard(names: names), name));
        Assert.Equal([asked], names.Asked);
    }

    [Fact]
    public async Task All_addresses_are_handed_on_once_each() =>
        Assert.Equal("8.8.8.8 2606:4700:4700::1111", await Check(Guard(names: new() { { "site.example", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8" } }), "site.example"));

    [Fact]
    public async Task A_name_without_an_address_is_unresolved()
    {
        Assert.Equal("unresolved", await Check(Guard(), "nowhere.example"));
        Assert.Equal("unresolved", await Check(Guard(names: new() { { "empty.example", Array.Empty<string>() } }), "empty.example"));
    }

    [Fact]
    public async Task A_resolver_that_does_not_answer_is_left_behind()
    {
        var time = new ManualTime();
        var deaf = new TaskCompletionSource<IPAddress[]>();
        var guard = new EgressGuard(new EgressOptions { ResolveTimeout = TimeSpan.FromSeconds(3) }, (_, _) => deaf.Task, time);
        var check = guard.CheckAsync("slow.example", Stop).AsTask();
        time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(check.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Contains("3 seconds", Assert.IsType<EgressDecision.Unresolved>(await check).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asked_can_stop_asking()
    {
        var deaf = new TaskCompletionSource<IPAddress[]>();
        using var stop = new CancellationTokenSource();
        var check = new EgressGuard(new EgressOptions(), (_, _) => deaf.Task).CheckAsync("slow.example", stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => check);
    }

    // Allow list, host, port, what it resolves to, expected.
    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3", 80, "", "10.1.2.3")]
    [InlineData("10.1.2.3", "10.1.2.4", 80, "", "refused")]
    [InlineData("10.0.0.0/8", "10.200.1.1", 80, "", "10.200.1.1")]
    [InlineData("10.0.0.0/8", "11.200.1.1", 80, "", "11.200.1.1")]
    [InlineData("10.0.0.0/8", "192.168.1.1", 80, "", "refused")]
    [InlineData("10.0.0.0/8", "::ffff:10.0.0.1", 80, "", "10.0.0.1")]
    [InlineData("10.0.0.0/8", "anything.example", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("10.0.0.0/8", "anything.example", 80, "10.0.0.1 8.8.8.8", "10.0.0.1 8.8.8.8")]
    [InlineData("10.0.0.0/8", "anything.example", 80, "10.0.0.1 192.168.0.1", "refused")]
    [InlineData("10.0.0.0/8", "machine.internal", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("10.0.0.0/8", "machine.internal", 80, "8.8.8.8", "refused")]
    [InlineData("::1", "::1", 80, "", "::1")]
    [InlineData("[::1]", "::1", 80, "", "::1")]
    [InlineData("::1/128", "[0:0:0:0:0:0:0:1]", 80, "", "::1")]
    [InlineData("fd00::/8", "fd12::1", 80, "", "fd12::1")]
    [InlineData("fd00::/8", "fc12::1", 80, "", "refused")]
    [InlineData("fe80::/10", "fe80::1", 80, "", "fe80::1")]
    [InlineData("2130706433", "127.0.0.1", 80, "", "127.0.0.1")]
    [InlineData("10.1.2.3:8080", "10.1.2.3", 8080, "", "10.1.2.3")]
    [InlineData("10.1.2.3:8080", "10.1.2.3", 80, "", "refused")]
    [InlineData("10.1.2.3:8080", "10.1.2.3", 0, "", "refused")]
    [InlineData("10.1.2.3:8080", "named.example", 8080, "10.1.2.3", "10.1.2.3")]
    [InlineData("10.1.2.3:8080", "named.example", 80, "10.1.2.3", "refused")]
    [InlineData("10.0.0.0/8:443", "10.1.2.3", 443, "", "10.1.2.3")]
    [InlineData("10.0.0.0/8:443", "10.1.2.3", 444, "", "refused")]
    [InlineData("[fd00::/8]:443", "fd00::1", 443, "", "fd00::1")]
    [InlineData("[fd00::/8]:443", "fd00::1", 80, "", "refused")]
    [InlineData("[::1]:443", "::1", 443, "", "::1")]
    [InlineData("[::1]:443", "::1", 80, "", "refused")]
    [InlineData("intranet.example", "intranet.example", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("intranet.example", "INTRANET.example.", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("Intranet.Example.", "intranet.example", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("intranet.example", "sub.intranet.example", 80, "10.0.0.1", "refused")]
    [InlineData("intranet.example", "notintranet.example", 80, "10.0.0.1", "refused")]
    [InlineData("intranet.example", "10.0.0.1", 80, "", "refused")]
    [InlineData("intranet.example:8443", "intranet.example", 8443, "10.0.0.1", "10.0.0.1")]
    [InlineData("intranet.example:8443", "intranet.example", 443, "10.0.0.1", "refused")]
    [InlineData("intranet.example:8443", "intranet.example", 443, "8.8.8.8", "8.8.8.8")]
    [InlineData("*.corp.example", "a.corp.example", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("*.corp.example", "a.b.corp.example", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("*.corp.example", "corp.example", 80, "10.0.0.1", "refused")]
    [InlineData("*.corp.example", "acorp.example", 80, "10.0.0.1", "refused")]
    [InlineData("*.corp.example:81", "a.corp.example", 81, "10.0.0.1", "10.0.0.1")]
    [InlineData("*.corp.example:81", "a.corp.example", 80, "10.0.0.1", "refused")]
    [InlineData("b\u00fccher.example", "xn--bcher-kva.example", 80, "10.0.0.1", "10.0.0.1")]
    [InlineData("printer.local", "printer.local", 80, "192.168.0.9", "192.168.0.9")]
    [InlineData("localhost", "localhost", 80, "", "127.0.0.1 ::1")]
    [InlineData("127.0.0.1", "localhost", 80, "", "127.0.0.1")]
    [InlineData("127.0.0.0/8", "portal.localhost", 80, "", "127.0.0.1")]
    [InlineData("::1", "localhost", 80, "", "::1")]
    [InlineData("127.0.0.1:5000", "localhost", 5000, "", "127.0.0.1")]
    [InlineData("127.0.0.1:5000", "localhost", 5001, "", "refused")]
    [InlineData("0.0.0.0/0,::/0", "169.254.169.254", 80, "", "169.254.169.254")]
    [InlineData(" 10.0.0.1 ,\n 10.0.0.2;10.0.0.3 ", "10.0.0.3", 80, "", "10.0.0.3")]
    public async Task The_allow_list_opens_what_it_names_and_nothing_else(string allow, string host, int port, string resolvesTo, string expected)
    {
        var names = new Names();
        if (resolvesTo.Length > 0) names.Add(host.ToLowerInvariant().TrimEnd('.'), resolvesTo.Split(' '));
        Assert.Equal(expected, await Check(Guard(allow, names), host, port));
    }

    [Fact]
    public void Every_fault_of_the_settings_is_reported_at_once()
    {
        string[] wrong =
        [
            "10.0.0.1/8", "10.0.0.0/33", "fd00::/129", "10.0.0.0/x", "300.1.1.1", "a..b", "*", "*.", "*.10.0.0.1", "site.example:0", "site.example:65536", "site.example:http", "[::1]:x", "http://site.example",
            "::ffff:10.0.0.0/104", "10.0.0.0/-1", "a*.example", "[::1",
        ];
        var faults = EgressOptions.Validate(new EgressOptions { Allow = string.Join(',', ["10.0.0.0/8", .. wrong, "fine.example"]), ConnectTimeout = TimeSpan.Zero, ResolveTimeout = TimeSpan.FromDays(1) });
        Assert.Equal(wrong.Length + 2, faults.Count);
        for (var i = 0; i < wrong.Length; i++) Assert.Contains($"\"{wrong[i]}\"", faults[i], StringComparison.Ordinal);
        Assert.Contains("did you mean 10.0.0.0/8", faults[0], StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Guard("a..b"));
        Assert.Empty(EgressOptions.Validate(new EgressOptions()));
    }

    [Theory]
    [InlineData("http://8.8.8.8/", "8.8.8.8")]
    [InlineData("https://8.8.8.8:8443/a?b", "8.8.8.8")]
    [InlineData("https://site.example/", "8.8.8.8")]
    [InlineData("http://127.0.0.1/", "refused")]
    [InlineData("http://2130706433/", "refused")]
    [InlineData("http://0177.1/", "refused")]
    [InlineData("http://[::1]/", "refused")]
    [InlineData("http://[fe80::1%25eth0]/", "refused")]
    [InlineData("http://localhost/", "refused")]
    [InlineData("http://10.9.9.9:9000/", "10.9.9.9")]
    [InlineData("http://10.9.9.9/", "refused")]
    [InlineData("ftp://8.8.8.8/", "refused")]
    [InlineData("file:///etc/passwd", "refused")]
    [InlineData("javascript:alert(1)", "refused")]
    [InlineData("ws://8.8.8.8/", "refused")]
    [InlineData("/relative", "refused")]
    [InlineData("http://user@8.8.8.8/", "refused")]
    [InlineData("http://user:pw@8.8.8.8/", "refused")]
    public async Task A_url_is_checked_by_its_scheme_host_and_port(string url, string expected)
    {
        var guard = Guard("10.9.9.9:9000", new() { { "site.example", "8.8.8.8" } });
        var decision = await guard.CheckAsync(new Uri(url, url[0] == '/' ? UriKind.Relative : UriKind.Absolute), Stop);
        Assert.Equal(expected, decision is EgressDecision.Allowed allowed ? string.Join(' ', allowed.Addresses) : "refused");
    }

    [Fact]
    public async Task A_refusal_says_what_and_how_to_allow_it_but_not_where_an_internal_name_leads()
    {
        var refused = Assert.IsType<EgressDecision.Refused>(await Guard(names: new() { { "site.example", "10.55.66.77" } }).CheckAsync("site.example", Stop));
        Assert.Contains("site.example resolves to a private address", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("Egress__Allow", refused.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("10.55", refused.Reason, StringComparison.Ordinal);
    }
}
