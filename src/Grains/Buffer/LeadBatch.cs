namespace LeadGrain.Grains.Buffer;

/// <summary>Leads that are written as one row of <c>lead_batches</c>: neighbours of one origin.</summary>
/// <param name="leads">What they are a part of.</param>
/// <param name="start">Where they begin in it.</param>
/// <param name="count">How many they are.</param>
internal readonly struct LeadBatch(IReadOnlyList<WaitingLead> leads, int start, int count)
{
    // Two rows a page of PostgreSQL's, which compresses the data. A lead is read by its batch, so more would make reading single leads dearer.
    private const int RowBytes = 3900;

    // What an array's element costs besides its text.
    private const int ElementBytes = 7;

    // JSON of leads of which many have the same keys and some the same values.
    private const int Compression = 2;

    internal int Count => count;

    internal WaitingLead this[int index] => leads[start + index];

    internal long FirstSeq => leads[start].Seq;

    internal long LastSeq => leads[start + count - 1].Seq;

    internal long OriginId => leads[start].OriginId;

    /// <summary>What the data come to together.</summary>
    internal int DataBytes
    {
        get
        {
            var bytes = 0;
            for (var i = 0; i < count; i++)
            {
                bytes += this[i].Lead.Data?.Length ?? 0;
            }

            return bytes;
        }
    }

    /// <summary>Parts leads into batches; one that is larger than a row of common size has its own.</summary>
    internal static IEnumerable<LeadBatch> Of(IReadOnlyList<WaitingLead> leads)
    {
        var (start, bytes) = (0, 0);
        for (var i = 0; i < leads.Count; i++)
        {
            var own = BytesOf(leads[i]);
            bytes += own;
            if (i > start && (bytes > RowBytes || leads[i].OriginId != leads[start].OriginId))
            {
                yield return new(leads, start, i - start);
                (start, bytes) = (i, own);
            }
        }

        if (start < leads.Count)
        {
            yield return new(leads, start, leads.Count - start);
        }
    }

    // Counted in characters: that of rare texts which are longer makes a larger row, which is stored apart.
    private static int BytesOf(in WaitingLead lead)
    {
        var (email, externalId, data, priority) = lead.Lead;
        return ElementBytes + email.Length
            + (externalId is null ? 0 : ElementBytes + externalId.Length)
            + (data is null ? 0 : (ElementBytes + data.Length) / Compression)
            + (priority == 0 ? 0 : sizeof(int));
    }
}
