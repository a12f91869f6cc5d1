namespace LeadGrain.Grains.Routing;

/// <summary>
/// How much room campaigns with a daily cap have left today, as it was read a moment ago. Only a copy, to spare commits that
/// would be refused: the commit itself reads the cap and counts.
/// </summary>
internal sealed class CampaignRooms
{
    private readonly Dictionary<string, CampaignRoom> _rooms = new(StringComparer.Ordinal);

    /// <summary>The campaign's cap where it has no room left; null where it has, or has no cap.</summary>
    internal int? FullAt(string? campaignId)
        => campaignId is not null && _rooms.TryGetValue(campaignId, out var room) && room.Assigned >= room.Cap ? room.Cap : null;

    /// <summary>Which day it is by the campaign's cap; null where it has none.</summary>
    internal DateOnly? DayOf(string? campaignId) => campaignId is not null && _rooms.TryGetValue(campaignId, out var room) ? room.Day : null;

    /// <summary>The campaign's cap; null where it has none.</summary>
    internal int? CapOf(string? campaignId) => campaignId is not null && _rooms.TryGetValue(campaignId, out var room) ? room.Cap : null;

    /// <summary>Takes over what is stored.</summary>
    internal void Reset(IEnumerable<CampaignRoom> stored)
    {
        _rooms.Clear();
        foreach (var room in stored)
        {
            _rooms[room.CampaignId] = room;
        }
    }

    internal void Take(string? campaignId) => Move(campaignId, 1);

    internal void GiveBack(string? campaignId) => Move(campaignId, -1);

    private void Move(string? campaignId, int by)
    {
        if (campaignId is not null && _rooms.TryGetValue(campaignId, out var room))
        {
            _rooms[campaignId] = room with { Assigned = room.Assigned + by };
        }
    }
}

/// <summary>A campaign's cap, and how much of it is used on the day that it is there.</summary>
/// <param name="CampaignId">Which.</param>
/// <param name="Cap">The most leads of a day.</param>
/// <param name="Day">Which day it is there.</param>
/// <param name="Assigned">How many it has had on it.</param>
internal readonly record struct CampaignRoom(string CampaignId, int Cap, DateOnly Day, int Assigned);
