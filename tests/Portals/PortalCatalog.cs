using Ostiary.Portals.Sites;

namespace Ostiary.Portals;

/// <summary>All practice websites, in the order of the index page.</summary>
public static class PortalCatalog
{
    internal static IReadOnlyList<Site> Sites { get; } =
    [
        new HotelSite(),
        new ClassicSite(),
        new IdentifierSite(),
        new ModalSite(),
        new SpaSite(),
        new FrameSite(),
        new CrossFrameSite(),
        new ShadowSite(),
        new CookieWallSite(),
        new StaySignedInSite(),
        new SixBoxesSite(),
        new MethodChoiceSite(),
        new PushSite(),
        new QuestionSite(),
        new AccountChoiceSite(),
        new CompanySite(),
        new CodeLimitSite(),
        new LockoutSite(),
        new SlowSite(),
        new MaintenanceSite(),
        new GermanSite(),
        new FrenchSite(),
        new SpanishSite(),
        new TotpSite(),
        new NewPasswordSite(),
        new BotWallSite(),
        new SuspendedSite(),
        new PasswordlessSite(),
        new ControlledSite(),
        new PopupSite(),
        new HomePageSite(),
        new SendCodeSite(),
        new ExpirySite(),
        new InlineErrorSite(),
        new SlowSpaSite(),
        new BasicSite(),
        new DigestSite(),
        new FormlessSite(),
        new ItalianSite(),
        new DutchSite(),
        new UrlErrorSite(),
        new PolishSite(),
        new RussianSite(),
        new LockedStatusSite(),
        new LaterSite(),
        new CaptchaSite(),
        new JapaneseSite(),
        new TenantSite(),
        new AirlineSite(),
        new RememberSite(),
        new AnotherWaySite(),
        new ScanSite(),
        new RowingSite(),
        new MeterSite(),
    ];

    /// <summary>One record for each website.</summary>
    public static IReadOnlyList<Portal> All { get; } = [.. Sites.Select(site => site.Portal)];

    /// <summary>The website with this <see cref="Portal.Id"/>. Throws <see cref="ArgumentException"/> when there is none.</summary>
    public static Portal Get(string id) => All.FirstOrDefault(portal => portal.Id == id) ?? throw new ArgumentException($"There is no practice website '{id}'.", nameof(id));
}
