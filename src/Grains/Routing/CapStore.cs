using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Routing;

/// <summary>What caps have given out, and who routes, in PostgreSQL. The commits of leads count and check it.</summary>
internal sealed class CapStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string ClaimSql =
        """
        insert into routing_epochs as e (organization_id, epoch) values ($1, 1)
        on conflict on constraint routing_epochs_pkey do update set epoch = e.epoch + 1
        returning epoch
        """;

    private const string CountsSql =
        """
        with over as (
            delete from campaign_days where organization_id = $1 and day < $2
        )
        select rule_id, day, assigned from campaign_days where organization_id = $1 and day >= $2
        """;

    private const string RoomsSql =
        """
        select c.campaign_id, c.daily_cap, routing_day($2, c.cap_zone), coalesce(d.assigned, 0)
        from campaigns c
        left join campaign_cap_days d
            on d.organization_id = c.organization_id and d.campaign_id = c.campaign_id and d.day = routing_day($2, c.cap_zone)
        where c.organization_id = $1 and c.daily_cap is not null
        """;

    /// <summary>Makes an activation the one that routes; what an earlier one has under way is committed before this ends.</summary>
    /// <returns>The epoch under which it writes.</returns>
    internal async Task<long> ClaimAsync(long organizationId) => (await StorageFaults.GuardAsync(
        () => database.ReadAllAsync(ClaimSql, static row => row.GetInt64(0), organizationId))).Single();

    /// <summary>How many leads the rules with caps have had on a day and since. The days before are over, and forgotten.</summary>
    internal Task<List<(Guid RuleId, DateOnly Day, int Assigned)>> CountsAsync(long organizationId, DateOnly since) => StorageFaults.GuardAsync(
        () => database.ReadAllAsync(
            CountsSql, static row => (row.GetGuid(0), row.GetFieldValue<DateOnly>(1), row.GetInt32(2)), organizationId, since));

    /// <summary>The campaigns with a daily cap, and what they have had on the day that it is there now.</summary>
    internal Task<List<CampaignRoom>> RoomsAsync(long organizationId) => StorageFaults.GuardAsync(() => database.ReadAllAsync(
        RoomsSql,
        static row => new CampaignRoom(row.GetString(0), row.GetInt32(1), row.GetFieldValue<DateOnly>(2), row.GetInt32(3)),
        organizationId,
        time.GetUtcNow().UtcDateTime));
}
