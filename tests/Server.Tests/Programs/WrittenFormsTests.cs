using System.Globalization;
using Ostiary.Server.Tasks.Programs;
using Xunit;

namespace Ostiary.Server.Tests.Programs;

public sealed class WrittenFormsTests
{
    [Theory]
    [InlineData("1.234,56 €", "1234.56")]
    [InlineData("$1,234.56", "1234.56")]
    [InlineData("1 234,56", "1234.56")]
    [InlineData("1\u202F234\u00A0567,8 kr", "1234567.8")]
    [InlineData("CHF 1’234.50", "1234.50")]
    [InlineData("(12.00)", "-12.00")]
    [InlineData("($1,200.00)", "-1200.00")]
    [InlineData("-12,5", "-12.5")]
    [InlineData("−3 %", "-3")]
    [InlineData("12,00-", "-12.00")]
    [InlineData("-€ 4,20", "-4.20")]
    [InlineData("€ -4,20", "-4.20")]
    [InlineData("+7", "7")]
    [InlineData(".5", "0.5")]
    [InlineData("0,123", "0.123")]
    [InlineData("1.234.567", "1234567")]
    [InlineData("1,234", "1234")]
    [InlineData("1.234", "1234")]
    [InlineData("12.3456", "12.3456")]
    [InlineData("42 points", "42")]
    [InlineData("١٢٣", "123")]
    [InlineData("Invoice 12: $30.00", "30.00")]
    [InlineData("1,23,456.00", "123456.00")]
    public void A_number_is_read_as_written(string text, string expected)
    {
        var (value, fault) = NumberText.Parse(text, FormatHints.None, null);
        Assert.True(value is not null, fault);
        Assert.Equal(decimal.Parse(expected, CultureInfo.InvariantCulture), value);
    }

    [Theory]
    [InlineData("1.234", "de", 1234.0)]
    [InlineData("1.234", "en", 1.234)]
    [InlineData("1,234", "de-AT", 1.234)]
    [InlineData("1,234", "en-GB", 1234.0)]
    public void The_page_s_language_decides_what_the_marks_leave_open(string text, string language, double expected) =>
        Assert.Equal((decimal)expected, NumberText.Parse(text, FormatHints.None, language).Value);

    [Fact]
    public void A_hint_goes_before_everything()
    {
        Assert.Equal(1.234m, NumberText.Parse("1,234", new FormatHints(',', null, null), "en").Value);
        Assert.Equal(1234m, NumberText.Parse("1.234", new FormatHints(null, "it-IT", null), "en").Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("n/a")]
    [InlineData("3 of 12")]
    [InlineData("A4B5")]
    [InlineData("99999999999999999999999999999999999")]
    public void What_is_no_one_number_is_a_fault(string text) => Assert.NotNull(NumberText.Parse(text, FormatHints.None, null).Fault);

    [Theory]
    [InlineData("2026-03-12", "2026-03-12")]
    [InlineData("2026-03-12T14:05:09+01:00", "2026-03-12T14:05:09+01:00")]
    [InlineData("2026/3/2 07:00", "2026-03-02")]
    [InlineData("2026-03-12 14:05Z", "2026-03-12T14:05:00Z")]
    [InlineData("12.03.2026", "2026-03-12")]
    [InlineData("1. 2. 26", "2026-02-01")]
    [InlineData("12.03.2026, 14:05 Uhr", "2026-03-12T14:05:00")]
    [InlineData("25/12/2026", "2026-12-25")]
    [InlineData("12/25/2026 3:05 pm", "2026-12-25T15:05:00")]
    [InlineData("March 12, 2026", "2026-03-12")]
    [InlineData("Thu, 12 Mar 2026", "2026-03-12")]
    [InlineData("Sept. 5, 2026 at 12:30 AM", "2026-09-05T00:30:00")]
    [InlineData("5th of May 2026", "2026-05-05")]
    [InlineData("12. März 2026", "2026-03-12")]
    [InlineData("le 1er août 2026", "2026-08-01")]
    [InlineData("12 de marzo de 2026", "2026-03-12")]
    [InlineData("12 déc. 2026", "2026-12-12")]
    [InlineData("3 mei 2026", "2026-05-03")]
    public void A_date_is_read_as_written(string text, string expected)
    {
        var (iso, fault) = DateText.Parse(text, FormatHints.None, null);
        Assert.True(iso is not null, fault);
        Assert.StartsWith(expected, iso, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("03/04/2026", "en-US", null, "2026-03-04")]
    [InlineData("03/04/2026", "en-GB", null, "2026-04-03")]
    [InlineData("03/04/2026", null, "fr", "2026-04-03")]
    [InlineData("03/04/2026", null, "en-US", "2026-03-04")]
    public void An_ambiguous_date_needs_a_hint_or_a_page_that_gives_one(string text, string? locale, string? language, string expected) =>
        Assert.Equal(expected, DateText.Parse(text, new FormatHints(null, locale, null), language).Iso);

    [Theory]
    [InlineData("03/04/2026")]
    [InlineData("31.02.2026")]
    [InlineData("soon")]
    [InlineData("1.2.2026 – 3.2.2026")]
    [InlineData("12.03.2026, 25:99")]
    public void What_is_no_one_date_is_a_fault(string text) => Assert.NotNull(DateText.Parse(text, FormatHints.None, null).Fault);

    [Theory]
    [InlineData("03/04/26", "DD/MM/YY", null, "2026-04-03")]
    [InlineData("2026.04", "yyyy.MM", null, "2026-04")]
    [InlineData("4 avril 2026 à 9:05", "d MMMM yyyy 'à' H:mm", "fr", "2026-04-04T09:05:00")]
    [InlineData("Apr 4, 2026 09:05 PM", "MMM d, YYYY hh:mm a", null, "2026-04-04T21:05:00")]
    public void A_format_reads_what_it_describes(string text, string format, string? locale, string expected)
    {
        Assert.True(DateText.IsFormat(format));
        Assert.Equal(expected, DateText.Parse(text, new FormatHints(null, locale, format), null).Iso);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hh:mm")]
    [InlineData("text")]
    public void What_names_no_month_and_year_is_no_format(string format) => Assert.False(DateText.IsFormat(format));
}
