namespace LeadGrain.Grains.Gate;

/// <summary>Asks the DNS.</summary>
internal interface IDnsResolver
{
    /// <summary>Whether a domain takes mail: it has a mail host, or an address where it names none. Null where the servers cannot tell.</summary>
    Task<bool?> TakesMailAsync(string domain, CancellationToken cancellationToken);
}
