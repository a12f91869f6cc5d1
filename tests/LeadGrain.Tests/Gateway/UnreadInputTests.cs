using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using LeadGrain.Gateway.Connections;
using LeadGrain.Gateway.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LeadGrain.Tests.Gateway;

public sealed class UnreadInputTests
{
    private readonly Pipe _pipe = new();
    private readonly UnreadInput _input;

    public UnreadInputTests() => _input = new UnreadInput(_pipe.Reader);

    [Fact]
    public async Task The_end_is_told_once_every_byte_before_it_was_looked_at()
    {
        await SendAsync("head body");

        var first = await _input.ReadAsync();
        Assert.False(first.IsCompleted);
        _input.AdvanceTo(first.Buffer.GetPosition(5));
        Assert.True(_input.TryRead(out var second));
        Assert.Equal(("body", false), (Text(second), second.IsCompleted));
        _input.AdvanceTo(second.Buffer.Start, second.Buffer.GetPosition(2));
        var third = await _input.ReadAsync();
        Assert.Equal(("body", false), (Text(third), third.IsCompleted));
        _input.AdvanceTo(third.Buffer.Start, third.Buffer.End);
        var fourth = await _input.ReadAsync();
        Assert.Equal(("body", true), (Text(fourth), fourth.IsCompleted));
        _input.AdvanceTo(fourth.Buffer.Start);
        Assert.True((await _input.ReadAsync()).IsCompleted);
    }

    [Fact]
    public async Task An_end_that_comes_later_or_after_nothing_is_told_at_once()
    {
        var waiting = _input.ReadAsync();
        await _pipe.Writer.WriteAsync("x"u8.ToArray());
        var read = await waiting;
        Assert.False(read.IsCompleted || _input.HasEnded);
        _input.AdvanceTo(read.Buffer.End);

        await _pipe.Writer.CompleteAsync();

        Assert.True((await _input.ReadAsync()).IsCompleted);
        Assert.True(_input.HasEnded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_done_for_a_caller_that_had_closed_when_its_body_was_read(bool hasClosed)
    {
        var context = new DefaultHttpContext();
        context.Features.Set(_input);
        context.Features.Set<IRequestBodyPipeFeature>(new Reader(PipeReader.Create(new MemoryStream("{}"u8.ToArray()))));
        context.Request.ContentType = "application/json";
        if (hasClosed)
        {
            await SendAsync("{}");
            await _input.ReadAsync();
        }

        async Task<bool> ReadAsync() => (await JsonBody.ReadAsync<string>(context, 100, static root => "read")).Failed(out _, out _);

        if (hasClosed)
        {
            await Assert.ThrowsAsync<BadHttpRequestException>(ReadAsync);
        }
        else
        {
            Assert.False(await ReadAsync());
        }
    }

    private static string Text(ReadResult read) => Encoding.ASCII.GetString(read.Buffer.ToArray());

    private async Task SendAsync(string text)
    {
        await _pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(text));
        await _pipe.Writer.CompleteAsync();
    }

    private sealed class Reader(PipeReader reader) : IRequestBodyPipeFeature
    {
        PipeReader IRequestBodyPipeFeature.Reader => reader;
    }
}
