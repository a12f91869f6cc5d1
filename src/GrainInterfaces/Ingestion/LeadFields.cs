namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>The fields of a lead that have a name, in the order in which they travel.</summary>
public static class LeadFields
{
    /// <summary>Where the email is among <see cref="Names"/>.</summary>
    public const int Email = 5;

    /// <summary>How many there are.</summary>
    public const int Count = 14;

    /// <summary>As they are written on the wire.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "click_id", "country", "creo", "description", "domain", "email", "firstName", "ip", "lang", "lastName", "marker", "offer", "phone",
        "sourcetype",
    ];

    /// <summary>A field by its name, whatever its case, blanks, underscores and hyphens: first_name, firstName and First Name are one. -1: none.</summary>
    public static int IndexOf(ReadOnlySpan<byte> utf8Name)
    {
        Span<byte> plain = stackalloc byte[Longest];
        var length = 0;
        foreach (var letter in utf8Name)
        {
            if (letter is (byte)'_' or (byte)'-' or (byte)' ')
            {
                continue;
            }

            if (length == Longest)
            {
                return -1;
            }

            plain[length++] = letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;
        }

        return Find(plain[..length]);
    }

    private const int Longest = 11; // description

    private static int Find(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("clickid"u8) => 0,
        _ when name.SequenceEqual("country"u8) => 1,
        _ when name.SequenceEqual("creo"u8) => 2,
        _ when name.SequenceEqual("description"u8) => 3,
        _ when name.SequenceEqual("domain"u8) => 4,
        _ when name.SequenceEqual("email"u8) => Email,
        _ when name.SequenceEqual("firstname"u8) => 6,
        _ when name.SequenceEqual("ip"u8) => 7,
        _ when name.SequenceEqual("lang"u8) => 8,
        _ when name.SequenceEqual("lastname"u8) => 9,
        _ when name.SequenceEqual("marker"u8) => 10,
        _ when name.SequenceEqual("offer"u8) => 11,
        _ when name.SequenceEqual("phone"u8) => 12,
        _ when name.SequenceEqual("sourcetype"u8) => 13,
        _ => -1,
    };
}
