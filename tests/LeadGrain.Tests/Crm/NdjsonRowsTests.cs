using System.IO.Pipelines;
using LeadGrain.Gateway.Crm;

namespace LeadGrain.Tests.Crm;

public sealed class NdjsonRowsTests
{
    [Fact]
    public async Task Whoever_takes_the_first_rows_only_leaves_a_body_that_can_be_read_on()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("{\"n\":1}\n{\"n\":2}\n"u8.ToArray());
        await pipe.Writer.CompleteAsync();

        await using (var rows = NdjsonRows.ReadAsync(pipe.Reader).GetAsyncEnumerator())
        {
            Assert.True(await rows.MoveNextAsync());
        }

        // Of a read that was not ended this would say that it is in progress.
        var rest = await pipe.Reader.ReadAsync();
        Assert.True(rest.IsCompleted);
    }
}
