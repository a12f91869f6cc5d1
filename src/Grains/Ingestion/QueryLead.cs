using System.Text;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Adds what a post's URL says to the lead of its body: click ids and sources often stand there.</summary>
internal static class QueryLead
{
    /// <summary>The body's word stands; what the query says otherwise of the same field, and what has no field, goes into the extra.</summary>
    /// <param name="lead">Of the body.</param>
    /// <param name="query">As in the URL, without the question mark.</param>
    internal static Normalized.Lead Add(Normalized.Lead lead, string query)
    {
        if (FormLead.Read(Encoding.UTF8.GetBytes(query), charset: null) is not Normalized.Lead said)
        {
            return lead;
        }

        var draft = new LeadDraft();
        if (said.Extra is { } extra)
        {
            draft.AddMembers(extra);
        }

        for (var field = 0; field < said.Fields.Length; field++)
        {
            if (said.Fields[field] is { } text)
            {
                if (lead.Fields[field] is not { } own)
                {
                    lead.Fields[field] = text;
                }
                else if (own != text)
                {
                    draft.AddText(LeadFields.Names[field], text);
                }
            }
        }

        if (lead.Extra is { } kept)
        {
            draft.AddMembers(kept);
        }

        return lead with { Extra = draft.Finish().Extra };
    }
}
