using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Ostiary.Portals;

/// <summary>The few pieces of HTML that are the same on every page of the web.</summary>
internal static class Markup
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Text made safe for element content and quoted attributes.</summary>
    public static string Text(string text) => Encoder.Encode(text);

    /// <summary>A whole document. Sites differ in everything inside <paramref name="body"/>.</summary>
    public static string Document(string language, string title, string css, string body, string head = "") => $$"""
        <!doctype html>
        <html lang="{{language}}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{Text(title)}}</title>
        {{head}}
        <style>{{css}}</style>
        </head>
        <body>
        {{body}}
        </body>
        </html>
        """;

    /// <summary>A square icon with the first letter of the brand.</summary>
    public static string Icon(string brand, string color) => $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="{color}"/>
        <text x="32" y="45" font-family="Georgia, serif" font-size="38" text-anchor="middle" fill="#fff">{Text(brand[..1])}</text></svg>
        """;
}
