using System.Text.Json;

namespace LeadGrain.Gateway.Cursors;

/// <summary>A namespace's pagination state.</summary>
/// <param name="State">Any JSON; null where none was ever set.</param>
public sealed record CursorState(JsonElement? State);

/// <summary>The state was stored.</summary>
/// <param name="Ok">True.</param>
public sealed record CursorStored(bool Ok);
