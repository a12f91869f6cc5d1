using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Writes batches into <c>lead_batches</c> as rows of PostgreSQL's binary COPY format: each a count of columns, then for each
/// column its length and its bytes, numbers the big end first (PostgreSQL's documentation of COPY, "Binary Format"). An array is
/// its number of dimensions, whether it holds nulls, its elements' type, its length, its first index, and its elements (array_send).
/// </summary>
/// <param name="to">Where COPY takes its data from.</param>
/// <param name="pushedAt">Of all leads; UTC.</param>
internal sealed class BufferCopy(Stream to, DateTime pushedAt) : IDisposable
{
    internal const string Sql =
        """
        copy lead_batches (namespace_id, first_seq, last_seq, origin_id, pushed_at, data_bytes, emails, external_ids, datas, priorities)
        from stdin (format binary)
        """;

    private const short Columns = 10;

    // Of a row: the count, ten lengths, five numbers of eight bytes and one of four, the heads of four arrays.
    private const int FixedBytes = 2 + (10 * 4) + (5 * 8) + 4 + (4 * 5 * 4);

    // Of a lead: four lengths, and a number.
    private const int FixedLeadBytes = (4 * 4) + 4;

    // PostgreSQL's numbers of types, the same in every database (pg_type.dat).
    private const int TextType = 25;
    private const int IntegerType = 23;

    // Enough for some dozen batches; a larger one takes what it needs.
    private const int ChunkBytes = 64 * 1024;

    private static readonly DateTime s_epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly long _pushedAt = (pushedAt - s_epoch).Ticks / TimeSpan.TicksPerMicrosecond;
    private byte[] _chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
    private int _length;
    private bool _begun;

    /// <summary>Writes a batch; to the stream when a chunk is full.</summary>
    internal ValueTask WriteAsync(long namespaceId, in LeadBatch batch)
    {
        var most = MostBytes(batch);
        Begin();
        if (most > _chunk.Length - _length)
        {
            return WriteAfterFlushAsync(namespaceId, batch, most);
        }

        Append(namespaceId, batch);
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

    private async ValueTask WriteAfterFlushAsync(long namespaceId, LeadBatch batch, int most)
    {
        await FlushAsync();
        if (most > _chunk.Length)
        {
            ArrayPool<byte>.Shared.Return(_chunk);
            _chunk = ArrayPool<byte>.Shared.Rent(most);
        }

        Append(namespaceId, batch);
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

    private static int MostBytes(in LeadBatch batch)
    {
        var most = FixedBytes;
        for (var i = 0; i < batch.Count; i++)
        {
            var (email, externalId, data, _) = batch[i].Lead;
            most += FixedLeadBytes + Encoding.UTF8.GetMaxByteCount(email.Length)
                + (externalId is null ? 0 : Encoding.UTF8.GetMaxByteCount(externalId.Length)) + (data?.Length ?? 0);
        }

        return most;
    }

    private void Append(long namespaceId, in LeadBatch batch)
    {
        Append(Columns);
        AppendColumn(namespaceId);
        AppendColumn(batch.FirstSeq);
        AppendColumn(batch.LastSeq);
        AppendColumn(batch.OriginId);
        AppendColumn(_pushedAt);
        Append(sizeof(int));
        Append(batch.DataBytes);
        AppendArray(batch, TextType, static _ => true, static (copy, lead) => copy.AppendElement(lead.Email));
        AppendArray(batch, TextType, static lead => lead.ExternalId is not null, static (copy, lead) => copy.AppendElement(lead.ExternalId));
        AppendArray(batch, TextType, static lead => lead.Data is not null, static (copy, lead) => copy.AppendElement(lead.Data));
        AppendArray(batch, IntegerType, static lead => lead.Priority != 0, static (copy, lead) => copy.AppendElement(lead.Priority));
    }

    // Null where no lead has a value.
    private void AppendArray(in LeadBatch batch, int type, Func<NewLead, bool> has, Action<BufferCopy, NewLead> append)
    {
        var having = 0;
        for (var i = 0; i < batch.Count; i++)
        {
            having += has(batch[i].Lead) ? 1 : 0;
        }

        if (having == 0)
        {
            Append(-1);
            return;
        }

        var lengthAt = _length;
        Append(0);
        Append(1);
        Append(type != IntegerType && having < batch.Count ? 1 : 0);
        Append(type);
        Append(batch.Count);
        Append(1);
        for (var i = 0; i < batch.Count; i++)
        {
            append(this, batch[i].Lead);
        }

        BinaryPrimitives.WriteInt32BigEndian(_chunk.AsSpan(lengthAt), _length - lengthAt - sizeof(int));
    }

    private void AppendColumn(long value)
    {
        Append(sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(_chunk.AsSpan(_length), value);
        _length += sizeof(long);
    }

    private void AppendElement(int value)
    {
        Append(sizeof(int));
        Append(value);
    }

    private void AppendElement(string? text)
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

    private void AppendElement(byte[]? bytes)
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
