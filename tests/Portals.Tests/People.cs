using Microsoft.Playwright;

namespace Ostiary.Portals.Tests;

/// <summary>How a person who knows each site signs in: written by hand, site by site, which is what nobody should need.</summary>
internal static class People
{
    private sealed record Form(string User, string Password, string Press, string? Open = null, string? Frame = null);

    private static readonly Dictionary<string, Form> Forms = new()
    {
        ["hotel"] = new("#email", "#password", ".panel .go"),
        ["classic"] = new("[name='ctl00$cph$txtUserID']", "[name='ctl00$cph$txtPwd']", "[name='ctl00$cph$btnGo']"),
        ["modal"] = new("[name=mail]", "[name=word]", "#gate button", Open: "#open-account"),
        ["spa"] = new("[name=u]", "[name=p]", ".box .b"),
        ["frame"] = new("#memberId", "#memberPw", "[type=submit]", Frame: "iframe"),
        ["xframe"] = new("[name=kw_user]", "[name=kw_pass]", "button", Frame: "#kw"),
        ["shadow"] = new("#who input", "#key input", "nb-button button"),
        ["cookies"] = new("#login_email", "#login_password", "[name=commit]", Open: "#need"),
        ["stay"] = new("[name=loginfmt]", "[name=passwd]", ".primary"),
        ["digits"] = new("[name=u]", "[name=p]", ".cta"),
        ["choice"] = new("#UserId", "#Password", "button[type=submit]"),
        ["push"] = new("[name=email]", "[name=pwd]", "button"),
        ["question"] = new("[name=AccessID]", "[name=Passcode]", "[type=image]"),
        ["accounts"] = new("[type=email]", "[type=password]", "[name=button]"),
        ["company"] = new("#f-user", "#f-pass", ".btn"),
        ["recode"] = new("[name=UserName]", "[name=Password]", "[type=submit]"),
        ["lockout"] = new("[name=client_id]", "[name=client_secret]", "button"),
        ["slow"] = new("#c", "#n", "#main button"),
        ["german"] = new("[name=benutzer]", "[name=kennwort]", "[type=submit]"),
        ["french"] = new("[name=_identifiant]", "[name=_mdp]", ".bouton"),
        ["spanish"] = new(".i >> nth=0", ".i >> nth=1", ".btn"),
        ["totp"] = new("#login_field", "#pw", "[name=commit]"),
        ["newpassword"] = new("#session_email", "#session_password", ".solid"),
        ["suspended"] = new("#u", "#p", "button[type=submit]"),
        ["controlled"] = new("input >> nth=0", "input >> nth=1", "button"),
        ["home"] = new("#patient", "#phrase", ".b", Open: "header >> text=Sign in"),
        ["sendcode"] = new("#m", "#pw", "button"),
        ["expiry"] = new("#msisdn", "#secret", "form button"),
        ["inline"] = new("#em", "#pa", "#f button"),
        ["slowspa"] = new("[name=principal]", "[name=credential]", ".go"),
        ["formless"] = new("tw-field input >> nth=0", "tw-field input >> nth=1", ".go"),
        ["italian"] = new("[name=codice]", "[name=chiave]", "form button"),
        ["dutch"] = new("#m", "#w", "#f button"),
        ["urlerror"] = new("[name=card]", "[name=pin]", "[type=submit]"),
        ["polish"] = new("[name=login]", "[name=haslo]", "form button"),
        ["russian"] = new("[name=login]", "[name=parol]", "[type=submit]"),
        ["locked423"] = new("[name=member]", "[name=secret]", "button"),
        ["meter"] = new("#user", "#pass", "form button"),
        ["later"] = new("[name=email]", "[name=pass]", ".pill"),
        ["tenant"] = new("#u", "#p", "button"),
        ["airline"] = new("[name=membershipNumber]", "[name=password]", ".c button"),
        ["remember"] = new("#a", "#b", "[type=submit]"),
        ["anotherway"] = new("[type=email]", "[type=password]", "button"),
    };

    /// <summary>Gives user name and password and presses the button.</summary>
    public static async Task SignInAsync(IPage page, Portal portal, string user, string password)
    {
        switch (portal.Id)
        {
            case "identifier":
                await page.FillAsync("#i0116", user);
                await page.ClickAsync("text=Next");
                await page.FillAsync("#i0118", password);
                await page.ClickAsync("button");
                return;
            case "popup":
                var popup = await page.RunAndWaitForPopupAsync(() => page.ClickAsync("#in"));
                await popup.FillAsync("#e", user);
                await popup.FillAsync("#p", password);
                await popup.ClickAsync("button");
                return;
            case "passwordless":
                await page.FillAsync("[name=address]", user);
                await page.ClickAsync("button");
                return;
            case "rowing":
                await page.ClickAsync(".g");
                await page.FillAsync("#identifierId", user);
                await page.ClickAsync(".go");
                await page.FillAsync("[name=Passwd]", password);
                await page.ClickAsync(".go");
                return;
            case "japanese":
                await page.FillAsync("#hid", user);
                await page.ClickAsync("main button");
                await page.FillAsync("#pw", password);
                await page.ClickAsync("main button");
                return;
            case "maintenance" or "botwall" or "captcha" or "scan":
                return;
            case "tenant":
                await page.FillAsync("#o", portal.SourceFields["company_id"]);
                await page.ClickAsync("button");
                break;
            case "airline":
                await page.FillAsync("[name=lastName]", portal.SourceFields["last_name"]);
                break;
            case "russian":
                // The first form that is sent has always gone stale.
                await page.ClickAsync("[type=submit]");
                break;
            case "company":
                await page.FillAsync("#f-tenant", portal.SourceFields["company_id"]);
                break;
        }

        var form = Forms[portal.Id];
        if (form.Open is { } open) await page.ClickAsync(open);
        if (form.Frame is { } frame)
        {
            var inside = page.FrameLocator(frame);
            await inside.Locator(form.User).FillAsync(user);
            await inside.Locator(form.Password).FillAsync(password);
            await inside.Locator(form.Press).ClickAsync();
            return;
        }

        await page.FillAsync(form.User, user);
        await page.FillAsync(form.Password, password);
        await page.ClickAsync(form.Press);
    }

    /// <summary>Does what comes after the password and is not an answer of the user: an interstitial, a button that sends the code.</summary>
    public static async Task GoOnAsync(IPage page, Portal portal)
    {
        if (portal.Id == "stay") await page.ClickAsync("[value=Yes]");
        if (portal.Id == "sendcode") await page.ClickAsync("#send");
        if (portal.Id == "later") await page.ClickAsync("text=Maybe later");
    }

    /// <summary>Gives one answer to one question of the site.</summary>
    public static async Task AnswerAsync(IPage page, Portal portal, PortalField field, string answer)
    {
        switch (portal.Id, field.Name)
        {
            case ("digits", _):
                await page.Locator(".boxes input").First.ClickAsync();
                await page.Keyboard.TypeAsync(answer);
                await page.ClickAsync("#check");
                return;
            case ("remember", _):
                // A page that comes back has forgotten the box.
                await page.CheckAsync("#t");
                break;
            case ("rowing", _):
                await page.FillAsync("#idvPin", answer);
                await page.ClickAsync(".go");
                await page.WaitForLoadStateAsync();
                if (page.Url.Contains("/consent", StringComparison.Ordinal)) await page.ClickAsync("[value=continue]");
                return;
            case ("choice", "method"):
                await page.GetByLabel(answer).CheckAsync();
                await page.ClickAsync("button[type=submit]");
                return;
            case ("accounts", _):
                await page.ClickAsync("text=" + answer);
                return;
        }

        var (box, press) = portal.Id switch
        {
            "hotel" => ("#otp", ".panel .go"),
            "choice" => ("#SecurityCode", "button[type=submit]"),
            "question" => ("[name=ans]", "[type=submit]"),
            "recode" => ("[name=AccessCode]", "[type=submit]"),
            "french" => ("[name=code]", ".bouton"),
            "totp" => ("#app_totp", ".wide"),
            "passwordless" => ("[name=code]", "button"),
            "sendcode" => ("#pc", "#ok"),
            "japanese" => ("#kk", "main button"),
            "remember" => ("#c", "[type=submit]"),
            _ => throw new InvalidOperationException($"Nobody has written down how to answer {portal.Id}."),
        };
        await page.FillAsync(box, answer);
        await page.ClickAsync(press);
    }
}
