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
}
