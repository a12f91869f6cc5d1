using System.IO.Pipelines;
using System.Text;
using LeadGrain.Gateway.Crm;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Tests.Crm;

public sealed class NdjsonRowsTests
{
    [Fact]
    public async Task The_end_of_a_line_that_is_too_long_is_no_row_of_its_own()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(Enumerable.Repeat((byte)' ', RawPost.MaxBytes + 1).ToArray());
        var rows = NdjsonRows.ReadAsync(pipe.Reader).GetAsyncEnumerator();
        var first = rows.MoveNextAsync(); // reads all that is there, and then waits for the end of the line
        await pipe.Writer.WriteAsync("{\"n\":1}\n{\"n\":2}\n"u8.ToArray());
        await pipe.Writer.CompleteAsync();

        Assert.True(await first);
        Assert.Equal(new ImportRow(1, null), rows.Current);
        Assert.True(await rows.MoveNextAsync());
        Assert.Equal((2, """{"n":2}"""), (rows.Current.Line, Encoding.UTF8.GetString(rows.Current.Body!)));
        Assert.False(await rows.MoveNextAsync());
        await rows.DisposeAsync();
    }

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
