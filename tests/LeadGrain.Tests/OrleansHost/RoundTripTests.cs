using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Storage;
using LeadGrain.Silo;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Serialization;

namespace LeadGrain.Tests.OrleansHost;

public sealed class RoundTripTests
{
    private static readonly DateTimeOffset s_at = new(2026, 5, 4, 3, 2, 1, TimeSpan.FromHours(2));

    private static readonly Tenant s_tenant = new("app", "org");

    private static readonly LeadOrigin s_origin = new("brand", null, "user");

    private static readonly NewLead s_lead = new("Ann@One.example", null, """{"n":[1,2.50]}"""u8.ToArray());

    private static readonly RequestKey s_key = new("key-1", new byte[32]);

    private static readonly Lease s_lease = new(Guid.CreateVersion7(), s_at, 2);

    private static readonly PulledLead s_pulled = new(s_lead, s_origin, s_lease);

    private static readonly DeadLead s_dead = new(Guid.CreateVersion7(), s_lead with { Priority = -3 }, s_origin, 5, s_at);

    private static readonly PersonProfile s_profile = new("Ann", "One", null, "https://in.example/ann", "One", "one.example", "Oil", "51-200");

    private static readonly NamespaceStatus s_status = new("spring", true, 3, 5, 4, 2, 1, s_at, s_at, null);

    private static readonly ServedLead s_served = new(Guid.CreateVersion7(), "a@b.c", "x-1", "spring", "b", null, "u", s_at, s_profile);

    private static readonly object[] s_samples =
    [
        s_tenant, new NamespaceKey(s_tenant, "spring/é"), s_origin, s_lead, s_lead with { Data = null },
        new PushCommand(s_origin, [s_lead, s_lead with { Data = [] }]), new PushCommand(s_origin, []), new PushOutcome(2, 1),
        new Keyed<PushOutcome>(KeyUse.Replayed, new PushOutcome(2, 1)), new Keyed<PullOutcome>(KeyUse.InProgress, null), KeyUse.TakenByOther,
        s_key, PullCommand.One, new PullCommand(7, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5), s_key),
        s_lease, s_pulled, new PullOutcome.Served([s_pulled, s_pulled with { Lease = null }]), PullOutcome.Empty.Value,
        PullOutcome.Paused.Value, new PullOutcome.TooManyLeases(3),
        LeaseAction.Ack.Value, new LeaseAction.Nack(TimeSpan.FromMinutes(1)), new LeaseAction.Extend(TimeSpan.FromHours(1)),
        new LeaseCommand([Guid.NewGuid()], LeaseAction.Ack.Value, s_key), LeaseFate.NotHeld,
        new LeaseOutcome(LeaseFate.Extended, s_at), new LeaseOutcomes([new LeaseOutcome(LeaseFate.Acked)]), s_dead, new DeadLeadPage([s_dead], true),
        s_profile, new EnrichOutcome.Known(Guid.NewGuid(), s_profile, true, s_at), new EnrichOutcome.Known(Guid.NewGuid(), null, false, s_at),
        new EnrichOutcome.NotConfigured(), new EnrichOutcome.InProgress(TimeSpan.FromSeconds(3)),
        new EnrichOutcome.ProviderFailed(ProviderFailure.Throttled, TimeSpan.FromMinutes(1)),
        new EnrichOutcome.ProviderFailed(ProviderFailure.Unreadable, null), ProviderFailure.Rejected,
        new ServedLeadQuery("spring", null, "c", null, "a@b.c", s_at, null, Guid.NewGuid(), 1000),
        s_served, new ServedLeadPage([s_served, s_served with { Enrichment = null }], true),
        new OrganizationLimits(1, null, 3), s_status, new NamespacePage([s_status], false), new NamespacePage([], true),
    ];

    private static readonly Exception[] s_faults =
    [
        new OverloadedException("Too many."), new OwnershipLostException("Another."),
        new StorageUnavailableException("Away.", new TimeoutException("Slow.")),
    ];

    private static readonly Serializer s_serializer = new ServiceCollection().AddSerializer()
        .Configure<ExceptionSerializationOptions>(GrainHost.SendAllFaults).BuildServiceProvider().GetRequiredService<Serializer>();

    [Fact]
    public void Every_record_that_travels_arrives_as_it_was_sent() => Assert.All(s_samples, sample =>
    {
        var arrived = Send(sample);
        Assert.Equal(sample.GetType(), arrived.GetType());
        Assert.Equal(JsonSerializer.Serialize(sample), JsonSerializer.Serialize(arrived));
    });

    [Fact]
    public void Every_fault_arrives_as_its_own_type() => Assert.All(s_faults, fault =>
    {
        var arrived = (Exception)Send(fault);
        Assert.Equal((fault.GetType(), fault.Message), (arrived.GetType(), arrived.Message));
        Assert.Equal(fault.InnerException?.Message, arrived.InnerException?.Message);
    });

    [Fact]
    public void What_the_database_said_arrives_as_words()
    {
        var away = StorageFaults.Unavailable(new PostgresException("shutdown", "FATAL", "FATAL", PostgresErrorCodes.AdminShutdown));
        var raw = new PostgresException("a bug", "ERROR", "ERROR", PostgresErrorCodes.UndefinedTable);

        Assert.Contains(PostgresErrorCodes.AdminShutdown, Assert.IsType<StorageUnavailableException>(Send(away)).Message, StringComparison.Ordinal);
        Assert.Contains("a bug", Assert.IsAssignableFrom<Exception>(Send(raw)).ToString(), StringComparison.Ordinal);
        Assert.True(StorageFaults.IsUnavailable((Exception)Send(new NpgsqlException("Exception while reading from stream"))));
    }

    [Fact]
    public void Every_type_that_travels_arrives_with_all_its_members()
    {
        var travelling = typeof(INamespaceGrain).Assembly.GetTypes()
            .Where(type => !type.IsAbstract && !type.IsGenericTypeDefinition && !type.IsAssignableTo(typeof(Exception)))
            .Where(type => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
            .ToList();
        Assert.NotEmpty(travelling);
        Assert.All(travelling, type =>
        {
            var sent = Samples.Make(type);
            var arrived = Send(sent);
            Assert.Equal(type, arrived.GetType());
            Assert.Equal(JsonSerializer.Serialize(sent, type), JsonSerializer.Serialize(arrived, type));
        });
    }

    private static object Send(object value) => s_serializer.Deserialize<object>(s_serializer.SerializeToArray<object>(value))!;
}
