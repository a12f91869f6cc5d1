using LeadGrain.Gateway.Organizations;

namespace LeadGrain.Gateway.Overload;

/// <summary>What one request takes up of what there is: a place, memory for its body, a turn. All is given back at its end.</summary>
internal sealed class InFlightSlot(InFlightLimit limit, LargeBodies bodies)
{
    private OrganizationShare? _share;
    private OrganizationShare? _bodyShare;
    private bool _waits;
    private bool _isRefused;
    private int _bodyBytes;
    private bool _hasTurn;

    /// <summary>
    /// Gives the place and the turn up for a request that is about to wait for something to happen, such as a push. Nothing more is
    /// to be done then but to wait and to answer; neither is taken again.
    /// </summary>
    /// <param name="holdsBody">Whether what the body held is kept meanwhile: then it stays counted.</param>
    /// <returns>False where too many requests wait already: answer <c>Problem.Overloaded()</c>.</returns>
    internal bool TryWait(bool holdsBody)
    {
        if (!_waits && limit.TryStartWaiting(_share))
        {
            _waits = true;
            limit.Leave();
            _share?.Leave();
            EndTurn();
            if (!holdsBody)
            {
                GiveBodyBack();
            }
        }

        return _waits;
    }

    /// <summary>Gives the place up for a request that is refused: its answer may be held back, and takes no place and no turn from others.</summary>
    internal void Refuse()
    {
        _isRefused = true;
        limit.Leave();
        _share?.Leave();
        EndTurn();
    }

    /// <summary>
    /// Counts it to the share in which it has a place, in place of the one before: a delivery's, before it was known whose it is.
    /// </summary>
    /// <returns>False where the bodies of the share hold too much for its body: refuse it.</returns>
    internal bool TryJoin(OrganizationShare share)
    {
        _share?.Leave();
        _share = share;
        if (_bodyBytes > 0 && !bodies.TryMove(_bodyShare, share, _bodyBytes))
        {
            return false;
        }

        _bodyShare = share;
        return true;
    }

    /// <summary>Takes memory for a body, or for an answer until it is read; false where its organization or the process holds too much.</summary>
    internal bool TryTake(int bytes)
    {
        if (!bodies.TryTake(_bodyShare, bytes))
        {
            return false;
        }

        _bodyBytes += bytes;
        return true;
    }

    /// <summary>Waits, fairly between organizations, until a large body may be worked on; false where that takes too long.</summary>
    internal async ValueTask<bool> TakeTurnAsync(CancellationToken cancellationToken)
        => _hasTurn = await bodies.TakeTurnAsync(_share, cancellationToken);

    internal void End()
    {
        EndTurn();
        GiveBodyBack();
        if (_waits)
        {
            limit.StopWaiting(_share);
        }
        else if (!_isRefused)
        {
            limit.Leave();
            _share?.Leave();
        }
    }

    private void EndTurn()
    {
        if (_hasTurn)
        {
            _hasTurn = false;
            bodies.EndTurn();
        }
    }

    private void GiveBodyBack()
    {
        if (_bodyBytes > 0)
        {
            bodies.GiveBack(_bodyShare, _bodyBytes);
            _bodyBytes = 0;
        }
    }
}
