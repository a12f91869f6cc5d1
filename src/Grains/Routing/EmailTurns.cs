namespace LeadGrain.Grains.Routing;

/// <summary>Lets leads with one email take turns, so that each is judged with the one before it committed. For use within one grain.</summary>
internal sealed class EmailTurns
{
    private readonly Dictionary<string, Task> _last = new(StringComparer.Ordinal);

    /// <summary>Waits for the email's turn, which lasts until it is disposed.</summary>
    internal async Task<Turn> EnterAsync(string emailKey)
    {
        var turn = new Turn(this, emailKey);
        var before = _last.GetValueOrDefault(emailKey);
        _last[emailKey] = turn.Over;
        if (before is not null)
        {
            await before;
        }

        return turn;
    }

    internal sealed class Turn(EmailTurns turns, string emailKey) : IDisposable
    {
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Over => _over.Task;

        public void Dispose()
        {
            if (turns._last.GetValueOrDefault(emailKey) == _over.Task)
            {
                turns._last.Remove(emailKey);
            }

            _over.TrySetResult();
        }
    }
}
