# Prints the failing tests of an xUnit v2+ XML result file: the name, then message and stack trace indented.

function plain(text) {
    gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&apos;/, "'", text); gsub(/&amp;/, "\\&", text)
    return text
}

# What lies in <tag><![CDATA[ ... ]]></tag>, indented.
function part(tag, text,    start, finish) {
    start = index(text, "<" tag "><![CDATA[")
    if (!start) return ""
    text = substr(text, start + length(tag) + 11)
    finish = index(text, "]]></" tag ">")
    if (finish) text = substr(text, 1, finish - 1)
    gsub(/\\"/, "\"", text)
    gsub(/\n/, "\n    ", text)
    return "    " text
}

# The value of an attribute in the element's opening tag.
function attribute(name, text,    start) {
    text = substr(text, 1, index(text, ">"))
    start = index(text, " " name "=\"")
    if (!start) return ""
    text = substr(text, start + length(name) + 3)
    return plain(substr(text, 1, index(text, "\"") - 1))
}

BEGIN { RS = "<(test|error) " }

NR > 1 {
    record = " " $0
    if (is_error(record)) name = attribute("type", record) " " attribute("name", record)
    else if (attribute("result", record) == "Fail") name = attribute("name", record)
    else next
    print "\nFAILED " name
    print part("message", record)
    trace = part("stack-trace", record)
    if (trace != "    " && trace != "") print trace
}

# An <error> (a fixture or a class that could not be made or disposed) has no result, a <test> always has one.
function is_error(text) { return attribute("result", text) == "" && index(text, "<failure") }
