namespace LeadGrain.Bench.Load;

/// <summary>Leads as tools that find them deliver them: people of all names at as many companies, so that they compress as real ones do.</summary>
/// <param name="ExternalId">As Apollo's: 24 hexadecimal digits.</param>
/// <param name="Domain">Of the email.</param>
/// <param name="Data">JSON.</param>
internal sealed record SampleLead(string ExternalId, string Domain, string Data)
{
    private static readonly string[] s_firstNames = Words(
        "Aisha Andre Anna Beatriz Carlos Chen Daniel David Elena Emma Erik Fatima George Giulia Hannah Hiro Ines Ivan James Jana Jonas Julia Katarzyna "
        + "Kofi Laura Leila Liam Linh Lucas Maria Marta Michael Mohammed Nadia Nora Olga Omar Paul Priya Rachel Rafael Sara Sofia Stefan Thomas Wei Yuki Zoe");

    private static readonly string[] s_lastNames = Words(
        "Andersson Baker Berzins Bianchi Brown Chen Cohen Costa Davis Dubois Eriksen Evans Fernandez Fischer Garcia Haddad Hansen Ivanova Jansen Johnson "
        + "Kaya Khan Kim Kowalski Kumar Larsen Lopez Martin Mbeki Meyer Moreau Murphy Nagy Nguyen Novak Okafor Ozols Patel Petrov Popescu Rossi Santos "
        + "Schmidt Silva Singh Smith Tanaka Taylor Virtanen Wagner Williams Wilson");

    private static readonly string[] s_ranks = ["Head of", "VP", "Director of", "Chief Officer of", "Manager,", "Senior Manager,", "Lead,", "Specialist in"];

    private static readonly string[] s_fields = Words("Sales Marketing Operations Finance Engineering Procurement Growth Partnerships Product Logistics Legal Data");

    private static readonly string[] s_firstWords = Words(
        "Acme Alpine Amber Arctic Atlas Baltic Beacon Blue Bright Cedar Civic Cobalt Coral Delta Eagle Ember Falcon Fjord Global Granite Harbor Iron "
        + "Juniper Lakeside Lumen Maple Meridian Nordic North Nova Oak Orion Pacific Pioneer Quartz River Silver Summit Union Vertex");

    private static readonly string[] s_secondWords = Words(
        "Analytics Bank Builders Capital Clinics Cloud Components Consulting Dynamics Energy Foods Freight Group Health Holdings Insurance Labs Logistics "
        + "Media Metals Mobility Networks Partners Pharma Robotics Security Software Solar Studios Systems Textiles Timber Travel Ventures Works");

    /// <summary>So many of them, the same ones for the same seed.</summary>
    internal static SampleLead[] Some(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => One(random))];
    }

    private static SampleLead One(Random random)
    {
        var (first, last) = (Of(s_firstNames), Of(s_lastNames));
        var (company, trade) = (Of(s_firstWords), Of(s_secondWords));
        var id = new byte[12];
        random.NextBytes(id);
        return new(
            Convert.ToHexStringLower(id),
            $"{company}-{trade}.com".ToLowerInvariant(),
            $$"""{"firstName":"{{first}}","lastName":"{{last}}","title":"{{Of(s_ranks)}} {{Of(s_fields)}}","company":"{{company}} {{trade}}"}""");

        string Of(string[] words) => words[random.Next(words.Length)];
    }

    private static string[] Words(string text) => text.Split(' ');
}
