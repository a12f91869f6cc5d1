namespace LeadGrain.CrashTests.Overload;

/// <summary>Pushes of plausible leads.</summary>
internal static class Leads
{
    internal static string Body(string ns, string prefix, int leads)
        => $$"""{"namespace":"{{ns}}","leads":[{{string.Join(',', Enumerable.Range(0, leads).Select(n => Lead(prefix, n)))}}]}""";

    private static string Lead(string prefix, int n) =>
        $$$"""{"email":"{{{prefix}}}-{{{n}}}@example.com","externalId":"e{{{n}}}","data":{"name":"Some Name {{{n}}}","title":"CEO","company":"Acme {{{n}}}"}}""";
}
