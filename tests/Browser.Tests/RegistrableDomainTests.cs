namespace Ostiary.Browser.Tests;

public sealed class RegistrableDomainTests
{
    [Theory]
    [InlineData("www.bank.example", "bank.example")]
    [InlineData("a.b.c.bank.example.", "bank.example")]
    [InlineData("Login.Bank.CO.UK", "bank.co.uk")]
    [InlineData("bank.com.au", "bank.com.au")]
    [InlineData("www.stadt.de", "stadt.de")]
    [InlineData("www.id.me", "id.me")]
    [InlineData("www.web.de", "web.de")]
    [InlineData("shop.firma.or.at", "firma.or.at")]
    [InlineData("localhost", "localhost")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("[::1]", "[::1]")]
    public void The_domain_a_host_is_registered_under(string host, string domain) => Assert.Equal(domain, RegistrableDomain.Of(host));

    [Fact]
    public void Hosts_of_one_owner_are_the_same_and_others_are_not()
    {
        Assert.True(RegistrableDomain.Same("www.bank.example", "login.bank.example"));
        Assert.False(RegistrableDomain.Same("one.co.uk", "other.co.uk"));
        Assert.False(RegistrableDomain.Same("10.0.0.1", "10.0.0.2"));
        Assert.False(RegistrableDomain.Same(new Uri("about:blank"), new Uri("about:blank")));
        Assert.True(RegistrableDomain.Same(new Uri("https://a.bank.example/x"), new Uri("http://bank.example:8080/")));
    }

    [Theory]
    [InlineData("example.com", 1)]
    [InlineData("www.example.co.uk", 2)]
    [InlineData("one.hosting.example", 2)]
    [InlineData("a.b.wild.example", 3)]
    [InlineData("a.city.wild.example", 2)]
    [InlineData("nobody.knows", 1)]
    [InlineData("shop.xn--55qx5d.xn--j6w193g", 2)]
    public void The_longest_rule_of_the_public_suffix_list_wins(string host, int labels) =>
        Assert.Equal(labels, PublicSuffixes.LengthOf(host.Split('.'), PublicSuffixes.Read(["// a comment", "", "com", "example", "co.uk", "uk", "hosting.example // of somebody", "*.wild.example", "!city.wild.example", "公司.香港", "香港"])!));

    [Fact]
    public void A_file_that_is_no_list_is_none() => Assert.Null(PublicSuffixes.Read(["<html>", "not found"]));

    [Fact]
    public void Owners_below_one_hosting_name_are_told_apart_where_the_system_has_the_list()
    {
        Assert.SkipUnless(PublicSuffixes.IsKnown, "The package publicsuffix is not installed.");
        Assert.False(RegistrableDomain.Same("one.github.io", "other.github.io"));
        Assert.True(RegistrableDomain.Same("a.one.github.io", "one.github.io"));
        Assert.Equal("github.io", RegistrableDomain.Of("github.io"));
    }
}
