using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace LeadGrain.Tests.Embedded;

/// <summary>Holds the public surface of the embedded host against the assembly of Orleans that it stands in for.</summary>
public sealed class ParityTests
{
    private const string Serialization = "Microsoft.Orleans.Serialization.Abstractions";
    private const string Core = "Microsoft.Orleans.Core";
    private const string Runtime = "Microsoft.Orleans.Runtime";
    private const string Reminders = "Microsoft.Orleans.Reminders";

    // The namespaces that a project of grains uses under Orleans; see Directory.Build.targets.
    private static readonly HashSet<string> s_namespaces =
        ["Orleans", "Orleans.Concurrency", "Orleans.Core", "Orleans.Runtime", "Orleans.Storage"];

    /// <summary>Types of other packages, which do not restore everywhere: their members are not compared here.</summary>
    private static readonly Dictionary<string, string> s_elsewhere = new()
    {
        ["GenerateSerializerAttribute"] = Serialization,
        ["ImmutableAttribute"] = Serialization,
        ["InconsistentStateException"] = Core,
        ["IPersistentState`1"] = Runtime,
        ["PersistentStateAttribute"] = Runtime,
        ["IRemindable"] = Reminders,
        ["IGrainReminder"] = Reminders,
        ["TickStatus"] = Reminders,
        ["GrainReminderExtensions"] = Reminders,
    };

    private static readonly string s_path = typeof(ParityTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "OrleansCoreAbstractions").Value!;

    private static readonly Lazy<Dictionary<string, OrleansType>> s_orleans = new(ReadOrleans);

    public static TheoryData<string> Embedded => [.. Ours.Select(type => type.Name).Order(StringComparer.Ordinal)];

    private static IEnumerable<Type> Ours
        => typeof(Grain).Assembly.GetExportedTypes().Where(type => type.Namespace == typeof(Grain).Namespace);

    [Theory]
    [MemberData(nameof(Embedded))]
    public void A_type_is_one_of_Orleans_and_every_member_of_it_too(string name)
    {
        var ours = new EmbeddedType(Ours.Single(type => type.Name == name));
        if (s_elsewhere.ContainsKey(name))
        {
            Assert.False(s_orleans.Value.ContainsKey(name), $"{name} is in Orleans.Core.Abstractions after all: compare it.");
            return;
        }

        Assert.True(s_orleans.Value.TryGetValue(name, out var orleans), $"Orleans has no {name}.");
        Assert.Equal(orleans.Kind, ours.Kind);
        Assert.True(
            orleans.Base == ours.Base,
            $"{name}: its base is {ours.Base}, in Orleans {orleans.Base}");
        Assert.Empty(ours.Interfaces.Except(orleans.Interfaces));
        Assert.Empty(ours.Members.Except(orleans.Members));
    }

    [Fact]
    public void Every_type_that_is_said_to_be_elsewhere_is_one_of_ours()
        => Assert.Empty(s_elsewhere.Keys.Except(Ours.Select(type => type.Name)));

    [Fact]
    public void The_comparison_sees_what_differs()
    {
        var grain = s_orleans.Value["Grain"];
        Assert.Contains("protected Void DeactivateOnIdle()", grain.Members);
        Assert.Contains("public virtual Task OnActivateAsync(CancellationToken cancellationToken)", grain.Members);
        Assert.DoesNotContain("public Void DeactivateOnIdle()", grain.Members);
        Assert.Contains("public const ActivationIdle = 4", s_orleans.Value["DeactivationReasonCode"].Members);
        Assert.DoesNotContain("ParityTests", s_orleans.Value.Keys);
        Assert.Equal("10.4.2", s_path.Split(Path.DirectorySeparatorChar, '/')[^4]);
    }

    private static Dictionary<string, OrleansType> ReadOrleans()
    {
        var file = new PEReader(File.OpenRead(s_path));
        var reader = file.GetMetadataReader();
        return reader.TypeDefinitions
            .Select(handle => new OrleansType(reader, reader.GetTypeDefinition(handle)))
            .Where(type => type.IsPublic && s_namespaces.Contains(type.Namespace))
            .ToDictionary(type => type.Name);
    }
}
