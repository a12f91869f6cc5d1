using System.Reflection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Metrics;

public sealed class LogIdTests
{
    private const int None = -1;

    [Fact]
    public void An_id_that_is_given_to_a_log_message_is_that_messages_alone()
    {
        var messages = Directory.GetFiles(AppContext.BaseDirectory, "LeadGrain.*.dll")
            .Select(path => Assembly.Load(AssemblyName.GetAssemblyName(path)))
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.DeclaredOnly | BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(method => (Name: $"{method.DeclaringType}.{method.Name}", method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId))
            .Where(message => message.EventId is not (null or None))
            .ToLookup(message => message.EventId, message => message.Name);

        Assert.True(messages.Count >= 30, $"Only {messages.Count} were found.");
        Assert.All(messages, id => Assert.True(id.Count() == 1, $"{id.Key}: {string.Join(", ", id)}"));
    }
}
