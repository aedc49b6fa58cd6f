namespace Ostiary.Portals.Sites;

/// <summary>A messenger for the desk that lets nobody in without its telephone app.</summary>
internal sealed class ScanSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "scan",
        Title = "Parley Web",
        Path = "/scan/",
        Username = "nobody",
        Expected = "auth_form_not_found",
        ExpectedText = "scan the QR code",
        Style = "The only way in is a QR code to be scanned with the site's own app; there is nothing to type.",
    };

    public override string Color => "#16a34a";
    public override string Cookie => "parley";

    public override void Map(SiteRoutes at) => at.Get("", _ => Visit.Page(Markup.Document("en", "Parley Web", "body{font:17px/1.5 sans-serif;background:#f0fdf4;margin:0}main{width:40rem;margin:10vh auto;background:#fff;padding:3rem;display:flex;gap:3rem}", """
        <main><div><h1>Log in to Parley Web</h1><ol><li>Open Parley on your phone</li><li>Go to Settings, then Linked devices</li><li>Point your phone at this screen and scan the QR code</li></ol><p><a href="/scan/#help">Need help?</a></p></div><canvas width="220" height="220" aria-label="QR code"></canvas></main>
        <script>
        const pen = document.querySelector('canvas').getContext('2d');
        for (let i = 0; i < 484; i++) if ((i * 7919) % 13 < 6) pen.fillRect((i % 22) * 10, Math.floor(i / 22) * 10, 10, 10);
        </script>
        """)));
}
