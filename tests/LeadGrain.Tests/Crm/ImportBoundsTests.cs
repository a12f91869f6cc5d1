using System.Text;
using LeadGrain.Gateway.Crm;

namespace LeadGrain.Tests.Crm;

/// <summary>A file of any length is read; a row of any length is not.</summary>
public sealed class ImportBoundsTests
{
    private const long Endless = 64 * 1024 * 1024;
    private const long Most = 4 * 1024 * 1024;

    [Theory]
    [InlineData("", "a,", 1)] // a header that never ends
    [InlineData("email,name\nn@b.c,1\n", "a,", 3)]
    [InlineData("email,name\nn@b.c,1\n", "\"\n\",", 3)]
    [InlineData("email,name\nn@b.c,1\n", "\"", 3)]
    public async Task A_csv_row_that_never_ends_is_invalid_after_a_megabyte_and_ends_the_import(string start, string repeated, long line)
    {
        using var body = new EndlessStream(start, repeated, Endless);

        var rows = new List<ImportRow>();
        await foreach (var row in CsvRows.ReadAsync(body))
        {
            rows.Add(row);
        }

        Assert.Equal((line, null), (rows[^1].Line, rows[^1].Body));
        Assert.Equal(start.Length == 0 ? 1 : 2, rows.Count);
        Assert.InRange(body.Position, 0, Most);
    }

    [Fact]
    public async Task A_csv_row_just_short_of_a_megabyte_is_read_and_so_are_those_behind_it()
    {
        var wide = string.Join(',', Enumerable.Repeat(new string('x', 1000), 900));
        using var body = new MemoryStream(Encoding.UTF8.GetBytes($"email\n{wide}\n{wide}\n{wide}\nn@b.c\n"));

        var rows = new List<ImportRow>();
        await foreach (var row in CsvRows.ReadAsync(body))
        {
            rows.Add(row);
        }

        Assert.Equal(4, rows.Count);
        Assert.All(rows, row => Assert.NotNull(row.Body));
    }

    [Fact]
    public async Task An_ndjson_line_that_never_ends_takes_no_memory_and_is_invalid()
    {
        using var body = new EndlessStream("{\"email\":\"", "x", Endless);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var rows = new List<ImportRow>();
        await foreach (var row in NdjsonRows.ReadAsync(System.IO.Pipelines.PipeReader.Create(body)))
        {
            rows.Add(row);
        }

        Assert.Equal(new ImportRow(1, null), Assert.Single(rows));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Endless / 4);
    }

    /// <summary>A start, and then the same over and over up to a length.</summary>
    private sealed class EndlessStream(string start, string repeated, long length) : Stream
    {
        private readonly byte[] _start = Encoding.UTF8.GetBytes(start);
        private readonly byte[] _repeated = Encoding.UTF8.GetBytes(repeated);
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var read = 0;
            for (; read < buffer.Length && _position < length; read++, _position++)
            {
                buffer[read] = _position < _start.Length ? _start[_position] : _repeated[(_position - _start.Length) % _repeated.Length];
            }

            return read;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
            => Task.FromResult(Read(buffer.AsSpan(offset, count)));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
