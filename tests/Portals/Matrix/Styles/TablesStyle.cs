namespace Ostiary.Portals.Matrix.Styles;

/// <summary>Tables, no scripts, upper-case tags, a button made of a picture.</summary>
internal sealed class TablesStyle : MarkupStyle
{
    public override string Id => "tables";
    public override string About => "Tables from the last century: labels in the cell to the left, no script, a picture as the button, full pages.";
    public override string Cookie => "JSESSIONID";
    public override string Door => "logon.jsp";
    public override bool Scripted => false;

    public override string Name(string key) => key switch { "user" => "j_username", "password" => "j_password", "code" => "F7", "answer" => "F8", "company" => "F2", "do" => "do", _ => key };

    protected override string Field(Cell cell, Entry entry, Saying? inline) => $"""
        <TR><TD ALIGN="right"><FONT SIZE="2">{T(entry.Label)}:</FONT></TD><TD><INPUT NAME="{Name(entry.Key)}" TYPE="{TypeOf(entry)}" SIZE="22" VALUE="{T(entry.Value)}"{(entry.Length > 0 ? $" MAXLENGTH=\"{entry.Length}\"" : "")}>{(inline is null ? "" : $"""<BR><FONT COLOR="#cc0000" SIZE="1">{T(inline.Text)}</FONT>""")}</TD></TR>
        """;

    protected override string Button(Cell cell, Press press) => press.Action == "enter"
        ? $"""<TR><TD></TD><TD><INPUT TYPE="hidden" NAME="do" VALUE="enter"><INPUT TYPE="image" ALT="{T(press.Label)}" SRC="{cell.At("picture")}" WIDTH="80" HEIGHT="24"></TD></TR>"""
        : $"""<TR><TD></TD><TD><INPUT TYPE="submit" VALUE="{T(press.Label)}" {(press.Main ? "" : "CLASS=\"s\" ")}NAME="do:{press.Action}"></TD></TR>""";

    protected override string Message(Cell cell, Saying saying) => saying.How == Shown.Plain ? $"""<TR><TD COLSPAN="2">{T(saying.Text)}</TD></TR>""" : $"""<TR><TD COLSPAN="2" BGCOLOR="#ffeeee"><FONT COLOR="#cc0000"><B>{T(saying.Text)}</B></FONT></TD></TR>""";

    protected override string Form(Cell cell, Scene scene, string inner) => $"""<FORM METHOD="POST" ACTION="{cell.At("do")}"><TABLE CELLPADDING="4">{inner}</TABLE></FORM>""";

    protected override string PickOf(Cell cell, Pick pick) => $"""<TR><TD COLSPAN="2">{base.PickOf(cell, pick)}</TD></TR>""";

    protected override string LettersOf(Letters letters) => $"""<TR><TD COLSPAN="2">{base.LettersOf(letters)}</TD></TR>""";

    protected override string TickOf(Cell cell, Tick tick) => $"""<TR><TD></TD><TD>{base.TickOf(cell, tick)}</TD></TR>""";

    protected override string Heading(Cell cell, string heading) => $"""<P><FONT SIZE="5"><B>{T(heading)}</B></FONT></P>""";

    protected override string Shell(Cell cell, string title, string main, Scene scene) => Markup.Document(cell.Language, title, "", $"""
        <TABLE WIDTH="760" ALIGN="center" BORDER="0"><TR BGCOLOR="#003366"><TD><FONT COLOR="#ffffff" SIZE="6">{T(cell.Brand)}</FONT></TD><TD ALIGN="right"><FONT COLOR="#ffffff">{Corner(cell, scene)}</FONT></TD></TR>
        <TR><TD WIDTH="160" VALIGN="top"><FORM METHOD="POST" ACTION="{cell.At("find")}"><INPUT NAME="q" SIZE="12"><INPUT TYPE="submit" VALUE="{T(cell.Say("search"))}"></FORM></TD><TD VALIGN="top">{main}</TD></TR>
        <TR><TD COLSPAN="2" ALIGN="center"><FONT SIZE="1">&copy; {T(cell.Brand)}</FONT></TD></TR></TABLE>
        """);
}
