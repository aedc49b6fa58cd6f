namespace Ostiary.Portals.Sites;

/// <summary>A Japanese mobile carrier: number first, then the password, then a code by text message.</summary>
internal sealed class JapaneseSite : Site
{
    public override Portal Portal { get; } = new()
    {
        Id = "japanese",
        Title = "ひばりモバイル",
        Path = "/japanese/login",
        Username = "hibari-3094",
        Password = "Practice-Only-47!",
        WrongPassword = "Not-The-Right-One-47!",
        Mfa = "code",
        WrongCode = "000000",
        ExpectedChallenges = [new("mfa", "確認コードを送信しました", [new("code", "string", null, "000000")])],
        WrongText = "パスワードが正しくありません。",
        WrongCodeText = "確認コードが正しくありません。",
        Evidence = "今月のご利用料金",
        Style = "Japanese; identifier, then password, then a code by text message; all texts in one language that has no spaces.",
    };

    public override string Color => "#0d9488";
    public override string Cookie => "hibari_id";

    public override void Map(SiteRoutes at)
    {
        at.Get("", visit => Visit.Page(Page(visit, "<h1>つながる、ひばりモバイル</h1><p>春の新料金プランのご案内。</p>")));
        at.Get("login", visit => Visit.Page(Page(visit, Number(""))));
        at.Post("login", visit =>
        {
            if (visit["hibari_id"].Length == 0) return Visit.Page(Page(visit, Number("ひばりIDを入力してください。")));
            visit.Visitor.Notes["id"] = visit["hibari_id"];
            return visit.Go("login/password");
        });
        at.Get("login/password", visit => visit.Visitor.Notes.ContainsKey("id") ? Visit.Page(Page(visit, Password(""))) : visit.Go("login"));
        at.Post("login/password", visit =>
        {
            if (!visit.Visitor.Notes.TryGetValue("id", out var id)) return visit.Go("login");
            if (!visit.TryPassword(id, visit["pass"], out var account)) return Visit.Page(Page(visit, Password("パスワードが正しくありません。")));
            account.SendCode("sms", code => $"【ひばり】確認コード：{code}");
            visit.Continue(account, "sms");
            return visit.Go("login/kakunin");
        });
        at.Get("login/kakunin", visit => visit.PendingAt("sms") is null ? visit.Go("login") : Visit.Page(Page(visit, Code(""))));
        at.Post("login/kakunin", visit =>
        {
            if (visit.PendingAt("sms") is not { } account) return visit.Go("login");
            if (!account.TryCode(visit["kakunin"])) return Visit.Page(Page(visit, Code("確認コードが正しくありません。")));
            visit.SignIn(account);
            return visit.Go("my");
        });
        at.Get("my", visit => visit.Account is null ? visit.Go("login") : Visit.Page(Page(visit, "<h1>今月のご利用料金</h1><p>2,980円</p>")));
        at.Get("logout", visit =>
        {
            visit.SignOut();
            return visit.Go();
        });
    }

    private static string Number(string fault) => $"""<h1>ログイン</h1><p class="e">{fault}</p><form method="post" action="/japanese/login"><label for="hid">ひばりID</label><input id="hid" name="hibari_id" autocomplete="username"><button>次へ</button></form><p><a href="/japanese/login#shinki">新規登録はこちら</a></p>""";

    private static string Password(string fault) => $"""<h1>パスワードの入力</h1><p class="e">{fault}</p><form method="post" action="/japanese/login/password"><label for="pw">パスワード</label><input id="pw" name="pass" type="password"><button>ログイン</button></form><p><a href="/japanese/login#wasureta">パスワードをお忘れの方</a></p>""";

    private static string Code(string fault) => $"""<h1>本人確認</h1><p>ご登録の電話番号（下4桁 3094）に確認コードを送信しました。</p><p class="e">{fault}</p><form method="post" action="/japanese/login/kakunin"><label for="kk">確認コード（6桁）</label><input id="kk" name="kakunin" inputmode="numeric" maxlength="6"><button>確認する</button></form>""";

    private static string Page(Visit visit, string main) => Markup.Document("ja", "ひばりモバイル", "body{margin:0;font:16px/1.7 sans-serif;color:#134e4a}header{background:#ccfbf1;padding:.8rem 2rem;display:flex;gap:2rem}header b{flex:1}main{width:26rem;margin:3rem auto}label{display:block}input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin-bottom:1rem}button{background:#0d9488;color:#fff;border:0;padding:.6rem 2rem;font:inherit}.e{color:#b91c1c}", $"""
        <header><b>ひばりモバイル</b><a href="/japanese/">料金プラン</a>{(visit.Account is null ? """<a href="/japanese/login">ログイン</a>""" : """<a href="/japanese/logout">ログアウト</a>""")}</header><main>{main}</main>
        """);
}
