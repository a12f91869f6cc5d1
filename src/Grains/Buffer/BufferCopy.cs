using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Writes leads into <c>lead_buffer</c> as rows of PostgreSQL's binary COPY format: each a count of columns, then for each
/// column its length and its bytes, numbers the big end first (PostgreSQL's documentation of COPY, "Binary Format").
/// </summary>
/// <param name="to">Where COPY takes its data from.</param>
/// <param name="pushedAt">Of all leads; UTC.</param>
internal sealed class BufferCopy(Stream to, DateTime pushedAt) : IDisposable
{
    internal const string Sql =
        "copy lead_buffer (namespace_id, seq, origin_id, pushed_at, email, external_id, data, priority) from stdin (format binary)";

    private const short Columns = 8;

    // Of a row, without its texts: the count, eight lengths, four numbers of eight bytes and one of four.
    private const int FixedBytes = 2 + (8 * 4) + (4 * 8) + 4;

    // Enough for a few hundred leads; a larger one takes what it needs.
    private const int ChunkBytes = 64 * 1024;

    private static readonly DateTime s_epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly long _pushedAt = (pushedAt - s_epoch).Ticks / TimeSpan.TicksPerMicrosecond;
    private byte[] _chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
    private int _length;
    private bool _begun;

    /// <summary>Writes a lead; to the stream when a chunk is full.</summary>
    internal ValueTask WriteAsync(long namespaceId, in WaitingLead lead)
    {
        var (email, externalId, data, _) = lead.Lead;
        var most = FixedBytes + Encoding.UTF8.GetMaxByteCount(email.Length)
            + (externalId is null ? 0 : Encoding.UTF8.GetMaxByteCount(externalId.Length)) + (data?.Length ?? 0);
        Begin();
        if (most > _chunk.Length - _length)
        {
            return WriteAfterFlushAsync(namespaceId, lead, most);
        }

        Append(namespaceId, lead);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes the end, and all that is left.</summary>
    internal async ValueTask EndAsync()
    {
        Begin();
        if (_chunk.Length - _length < sizeof(short))
        {
            await FlushAsync();
        }

        Append((short)-1);
        await FlushAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_chunk);

    private async ValueTask WriteAfterFlushAsync(long namespaceId, WaitingLead lead, int most)
    {
        await FlushAsync();
        if (most > _chunk.Length)
        {
            ArrayPool<byte>.Shared.Return(_chunk);
            _chunk = ArrayPool<byte>.Shared.Rent(most);
        }

        Append(namespaceId, lead);
    }

    private async ValueTask FlushAsync()
    {
        await to.WriteAsync(_chunk.AsMemory(0, _length));
        _length = 0;
    }

    // The signature, no flags, no extension of the head.
    private void Begin()
    {
        if (!_begun)
        {
            _begun = true;
            ReadOnlySpan<byte> head = [.. "PGCOPY\n"u8, 0xFF, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];
            head.CopyTo(_chunk);
            _length = head.Length;
        }
    }

    private void Append(long namespaceId, in WaitingLead lead)
    {
        Append(Columns);
        AppendColumn(namespaceId);
        AppendColumn(lead.Seq);
        AppendColumn(lead.OriginId);
        AppendColumn(_pushedAt);
        AppendColumn(lead.Lead.Email);
        AppendColumn(lead.Lead.ExternalId);
        AppendColumn(lead.Lead.Data);
        Append(sizeof(int));
        Append(lead.Lead.Priority);
    }

    private void AppendColumn(long value)
    {
        Append(sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(_chunk.AsSpan(_length), value);
        _length += sizeof(long);
    }

    private void AppendColumn(string? text)
    {
        if (text is null)
        {
            Append(-1);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text, _chunk.AsSpan(_length + sizeof(int)));
        Append(bytes);
        _length += bytes;
    }

    private void AppendColumn(byte[]? bytes)
    {
        Append(bytes?.Length ?? -1);
        bytes.CopyTo(_chunk.AsSpan(_length));
        _length += bytes?.Length ?? 0;
    }

    private void Append(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_chunk.AsSpan(_length), value);
        _length += sizeof(int);
    }

    private void Append(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(_chunk.AsSpan(_length), value);
        _length += sizeof(short);
    }
}
