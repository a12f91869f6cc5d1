using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// Leads on their way into namespaces. They are brought there from here, and again, by their due times, until they are known to
/// have arrived: a repeat is the same push to the namespace, by its key. The reminder only starts that; it goes on in bounded batches
/// beside the grain's other work.
/// </summary>
internal sealed partial class RoutingGrain
{
    private const string NamespaceReminder = "namespaces";
    private const int SweepStep = 100; // so many are on their way at once
    private const int SweepSteps = 50; // of one reminder; the next one goes on

    private readonly Dictionary<Guid, Task<PushFate>> _bringing = [];
    private Task _sweeping = Task.CompletedTask;
    private bool _watchingNamespaces;

    private async Task<PushFate> BringInTheEndAsync(Guid leadId, NewRoutedLead lead, string name)
    {
        await Task.Yield(); // so that the entry is there before it is removed
        try
        {
            return await BringAsync(leadId, lead, name);
        }
#pragma warning disable CA1031 // The edge: the reminder brings it again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            shared.LogPushUnknown(fault.GetType().Name);
            return PushFate.Pending.Value;
        }
        finally
        {
            _bringing.Remove(leadId);
        }
    }

    private async Task<PushFate> BringAsync(Guid leadId, NewRoutedLead lead, string name)
    {
        var state = await StateAsync();
        var id = $"{leadId}";
        var key = new RequestKey($"{RequestKey.Own}routed-lead:{id}", SHA256.HashData(leadId.ToByteArray()));
        var push = new PushCommand(new LeadOrigin(null, null, null), [new NewLead(lead.Email, id, lead.Data)], key);
        var pushed = await GrainFactory.GetGrain<INamespaceGrain>(new NamespaceKey(Tenant, name).GrainKey).PushAsync(push, CancellationToken.None);
        if (pushed.Outcome is null)
        {
            return PushFate.Pending.Value;
        }

        var arrived = new AuditEntry(state.OrganizationId, "grid", "pushed_to_namespace", "lead", id, AuditedStatus.Held, AuditedStatus.Of(RoutedStatus.Active, "namespace", name), name);
        await shared.Commits.Arrivals.CommitAsync(new NamespaceArrival(leadId, arrived));
        return new PushFate.Pushed(PushFate.Pushed.Namespace);
    }

    // Wakes this grain where a process has died between a lead's commit and its arrival.
    private async Task WatchNamespacesAsync(RoutingState state)
    {
        if (!_watchingNamespaces && (state.FeedsNamespaces || await leads.WaitsForNamespacesAsync(state.OrganizationId)))
        {
            await StorageFaults.GuardAsync(() => this.RegisterOrUpdateReminder(NamespaceReminder, options.Value.NamespaceRetryAfter, TimeSpan.FromMinutes(1)));
            _watchingNamespaces = true;
        }
    }

    private void StartSweep()
    {
        if (_sweeping.IsCompleted)
        {
            _sweeping = SweepInTheEndAsync();
        }
    }

    private async Task SweepInTheEndAsync()
    {
        await Task.Yield();
        try
        {
            await SweepAsync(await StateAsync());
        }
#pragma warning disable CA1031 // The edge: the next reminder makes up for it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            shared.LogPutOff(fault.GetType().Name);
        }
    }

    private async Task SweepAsync(RoutingState state)
    {
        for (var step = 0; step < SweepSteps && !_stopping; step++)
        {
            var due = await leads.ListForNamespacesAsync(state.OrganizationId, time.GetUtcNow(), options.Value.NamespaceRetryAfter, SweepStep);
            var listed = due is [] ? null : await suppressions.FindAsync(state.OrganizationId, [.. due.Select(found => EmailKey.Of(found.Lead.Email))]);
            var failures = await Task.WhenAll(due.Select(found => listed!.TryGetValue(EmailKey.Of(found.Lead.Email), out var reasons)
                && HealthGate.Withdraws(reasons, state.Gate) is { } why
                ? Task.FromResult<FailedArrival?>(Withdrawn(state, found, why))
                : BringAgainAsync(state, found)));
            await leads.FailArrivalsAsync([.. failures.OfType<FailedArrival>()]);
            if (due.Count < SweepStep)
            {
                break;
            }
        }

        if (!state.FeedsNamespaces && !await leads.WaitsForNamespacesAsync(state.OrganizationId)
            && await StorageFaults.GuardAsync(() => this.GetReminder(NamespaceReminder)) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
            _watchingNamespaces = false;

            // A rule or a lead may have come meanwhile, and have found the reminder still there.
            await WatchNamespacesAsync(await StateAsync());
        }
    }

    // Somebody asked not to be contacted since the gate let the lead pass.
    private FailedArrival Withdrawn(RoutingState state, LeadForNamespace found, string why)
    {
        return new FailedArrival(found.Lead.Id, IsDead: true, time.GetUtcNow(), Failed(state, found.Lead, why, isDead: true));
    }

    private static AuditEntry Failed(RoutingState state, RoutedLead lead, string why, bool isDead)
    {
        var after = AuditedStatus.Of(isDead ? RoutedStatus.Dead : RoutedStatus.Held, "namespace", lead.Target!.Namespace!, why);
        return new AuditEntry(state.OrganizationId, "grid", "push_failed", "lead", $"{lead.Id}", AuditedStatus.Held, after, why);
    }

    // Null where the lead has arrived.
    private async Task<FailedArrival?> BringAgainAsync(RoutingState state, LeadForNamespace found)
    {
        var lead = found.Lead;
        var passes = true;
        var reason = "the namespace had not answered yet";
        try
        {
            var again = new NewRoutedLead(lead.Email, lead.Persona, lead.Score, lead.Source, lead.Data);
            if (await BringAsync(lead.Id, again, lead.Target!.Namespace!) is PushFate.Pushed)
            {
                return null;
            }
        }
#pragma warning disable CA1031 // The edge: whatever failed, the lead is due again later.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            shared.LogPushUnknown(fault.GetType().Name);
            passes = fault is StorageUnavailableException or OverloadedException or OwnershipLostException or TimeoutException;
            reason = passes ? "the namespace could not be reached" : "the namespace failed";
        }

        // What passes by itself is waited for however long it takes; anything else ends some time.
        var attempts = found.Attempts + 1;
        var isDead = !passes && attempts >= options.Value.NamespaceAttempts;
        var entry = Failed(state, lead, isDead ? $"{reason}: the last attempt" : reason, isDead);
        return new FailedArrival(lead.Id, isDead, time.GetUtcNow() + NamespaceBackOff.Of(attempts, options.Value, Random.Shared.NextDouble()), entry);
    }
}
