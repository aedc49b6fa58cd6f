namespace Ostiary.Portals.Sites;

/// <summary>A Russian-language clinic whose sign-in page goes stale: the first form that is sent is never looked at.</summary>
internal sealed class RussianSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "russian",
        Title = "Клиника «Рябина»",
        Path = "/russian/vhod",
        Username = "patient-5521",
        Password = "Practice-Only-43!",
        WrongPassword = "Not-The-Right-One-43!",
        WrongText = "Неверный логин или пароль.",
        Evidence = "Ближайший приём",
        Style = "Russian; the first form sent is answered with \"your session has expired, sign in again\" and its password is not looked at; that is no refusal.",
    };

    public override string Color => "#b45309";
    public override string Cookie => "ryabina";

    public override void Map(SiteRoutes at)
    {
        at.Get("", _ => Visit.Page(Page("Клиника «Рябина»", """<h1>Клиника «Рябина»</h1><p>Терапевт, хирург, стоматолог.</p><div class="m"><a href="/russian/">Врачи</a><a href="/russian/vhod">Личный кабинет: войти</a></div>""")));
        at.Get("vhod", _ => Visit.Page(Page("Вход", Form(""))));
        at.Post("vhod", visit =>
        {
            if (visit.Visitor.Notes.TryAdd("fresh", "1")) return Visit.Page(Page("Вход", Form("Время сеанса истекло. Пожалуйста, войдите ещё раз.")));
            if (!visit.TryPassword(visit["login"], visit["parol"], out var account)) return Visit.Page(Page("Вход", Form("Неверный логин или пароль.")));
            visit.SignIn(account);
            return visit.Go("kabinet");
        });
        at.Get("kabinet", visit => visit.Account is null ? visit.Go("vhod") : Visit.Page(Page("Личный кабинет", """<h1>Личный кабинет</h1><h3>Ближайший приём</h3><p>14 мая, 10:20, кабинет 7</p><p><a href="/russian/vyhod">Выйти</a></p>""")));
        at.Get("vyhod", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Form(string fault) => $"""
        <form class="k" method="post" action="/russian/vhod"><h2>Вход в личный кабинет</h2>{(fault.Length > 0 ? $"""<div class="oshibka">{fault}</div>""" : "")}<dl><dt>Логин</dt><dd><input name="login"></dd><dt>Пароль</dt><dd><input name="parol" type="password"></dd></dl><input type="submit" value="Войти"> <a href="/russian/vhod#zabyli">Забыли пароль?</a></form>
        """;

    private static string Page(string title, string body) => Markup.Document("ru", title, "body{font:16px/1.5 sans-serif;margin:2rem 4rem;color:#451a03}.k{border:1px solid #fcd34d;padding:1.5rem;width:22rem}.oshibka{background:#fee2e2;padding:.6rem}dd{margin:0 0 .8rem}.m a{margin-right:2rem}", body);
}
