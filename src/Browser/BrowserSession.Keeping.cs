using Microsoft.Playwright;

namespace Ostiary.Browser;

public sealed partial class BrowserSession
{
    /// <summary>
    /// The page's markup as it stands, frames and open shadow roots written into it, without what could be somebody's: values of fields, scripts, queries of addresses, mail addresses.
    /// For a test page; a person should read it before passing it on.
    /// </summary>
    public Task<string> StrippedMarkupAsync(CancellationToken cancellationToken) => MarkupAsync(Page.MainFrame).WaitAsync(cancellationToken);

    /// <summary>A frame's markup as it stands, its inner frames written into it.</summary>
    private static async Task<string> MarkupAsync(IFrame frame)
    {
        var markup = await frame.EvaluateAsync<string>(Stripping);
        for (var i = 0; i < frame.ChildFrames.Count; i++)
        {
            var inner = frame.ChildFrames[i];
            try
            {
                var element = await inner.FrameElementAsync();
                var number = await element.EvaluateAsync<string?>("frame => frame.dataset.kept ?? null");
                if (number is null) continue;
                markup = markup.Replace($"data-kept=\"{number}\"", $"srcdoc=\"{System.Net.WebUtility.HtmlEncode(await MarkupAsync(inner))}\"", StringComparison.Ordinal);
            }
            catch (PlaywrightException)
            {
                // A frame that is going away, or of a document nobody may read.
            }
        }

        return markup;
    }

    /// <summary>Writes the document without what a person typed, without scripts, and without what only style sheets knew: what they hide is marked as hidden.</summary>
    private const string Stripping = """
        () => {
          const dropped = new Set(['SCRIPT', 'NOSCRIPT', 'LINK', 'BASE', 'META', 'OBJECT', 'EMBED', 'SOURCE', 'TRACK']);
          const empty = new Set(['AREA', 'BR', 'COL', 'HR', 'IMG', 'INPUT', 'WBR']);
          const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
          const masked = text => text.replace(/[^\s@"<>]+@[^\s@"<>]+\.[a-z]{2,}/gi, 'someone@site.example');
          let frames = 0;
          const write = node => {
            if (node.nodeType === Node.TEXT_NODE) return escape(masked(node.data));
            if (node.nodeType !== Node.ELEMENT_NODE || dropped.has(node.tagName)) return '';
            const tag = node.localName;
            let attributes = '';
            for (const { name, value } of node.attributes) {
              if (name.startsWith('on') || name === 'srcset' || name === 'integrity' || name === 'nonce' || name === 'srcdoc' || name === 'data-kept') continue;
              if (name === 'value' && !(tag === 'option' || tag === 'button' || tag === 'input' && /^(submit|button|reset|image|radio|checkbox)$/i.test(node.type))) continue;
              if ((name === 'src' || name === 'poster') && tag !== 'input') continue;
              if (name === 'href' || name === 'action' || name === 'src') { attributes += ` ${name}="${escape(value.startsWith('data:') ? '' : masked(value.split('?')[0]))}"`; continue; }
              attributes += ` ${name}="${escape(masked(value))}"`;
            }
            if (tag === 'iframe' || tag === 'frame') { node.dataset.kept = String(frames); attributes += ` data-kept="${frames++}"`; }
            if (tag !== 'html' && tag !== 'head' && !node.closest('head') && !node.hasAttribute('hidden') && node.checkVisibility && getComputedStyle(node).display === 'none') attributes += ' hidden';
            if (tag === 'style') return `<style${attributes}>${node.textContent}</style>`;
            let inside = '';
            if (node.shadowRoot) inside += `<template shadowrootmode="open">${[...node.shadowRoot.childNodes].map(write).join('')}</template>`;
            if (tag !== 'textarea') inside += [...node.childNodes].map(write).join('');
            return empty.has(node.tagName) ? `<${tag}${attributes}>` : `<${tag}${attributes}>${inside}</${tag}>`;
          };
          return '<!doctype html>\n' + write(document.documentElement) + '\n';
        }
        """;
}
