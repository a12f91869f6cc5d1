using System.ComponentModel;
using System.Runtime.InteropServices;

namespace LeadGrain.Bench.Load;

/// <summary>Linux's own calls: .NET's sockets cost several times the processor time, which the server would lack.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    internal const uint Readable = 0x1;
    internal const uint Writable = 0x4;

    private const int CtlAdd = 1;
    private const int CtlModify = 3;
    private const int MonotonicClock = 1;
    private const int NonBlockingTimer = 0x800;
    private const int DontWaitNoSignal = 0x40 | 0x4000;
    private const int TryAgain = 11;
    private const int Interrupted = 4;
    private const int MaxEvents = 256;
    private const long NanosecondsOfASecond = 1_000_000_000;

    // The kernel packs epoll_event on x86-64 only.
    private static readonly int s_stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int s_dataOffset = s_stride - 8;

    private readonly int _epoll = Checked(CreateEpoll(0));
    private readonly byte* _events = (byte*)NativeMemory.Alloc(MaxEvents * 16);

    internal void Add(int descriptor, int tag) => Control(CtlAdd, descriptor, tag, Readable);

    internal void Change(int descriptor, int tag, uint interest) => Control(CtlModify, descriptor, tag, interest);

    /// <summary>Waits for events.</summary>
    /// <returns>How many; <see cref="TagOf"/> names them.</returns>
    internal int Wait(int milliseconds)
    {
        var count = WaitEpoll(_epoll, _events, MaxEvents, milliseconds);
        return count >= 0 ? count : Marshal.GetLastPInvokeError() == Interrupted ? 0 : Checked(count);
    }

    internal int TagOf(int index) => *(int*)(_events + (index * s_stride) + s_dataOffset);

    /// <summary>Sends what the socket takes.</summary>
    /// <returns>How many bytes; -1 where the connection is broken.</returns>
    internal static int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            return Moved(SendTo(descriptor, start, bytes.Length, DontWaitNoSignal));
        }
    }

    /// <summary>Receives what is there.</summary>
    /// <returns>How many bytes; 0 where there are none; -1 where the connection is broken or closed.</returns>
    internal static int Receive(int descriptor, Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var got = ReceiveFrom(descriptor, start, bytes.Length, DontWaitNoSignal);
            return got == 0 ? -1 : Moved(got);
        }
    }

    /// <summary>A timer that is not set.</summary>
    internal static int NewTimer() => Checked(CreateTimer(MonotonicClock, NonBlockingTimer));

    /// <summary>Makes a timer readable once, after so long.</summary>
    internal static void SetTimer(int timer, long nanoseconds)
    {
        long* spec = stackalloc long[] { 0, 0, nanoseconds / NanosecondsOfASecond, nanoseconds % NanosecondsOfASecond };
        _ = Checked(SetTimer(timer, 0, spec, null));
    }

    internal static void DrainTimer(int timer)
    {
        long ticks;
        _ = Read(timer, &ticks, sizeof(long));
    }

    public void Dispose()
    {
        _ = Close(_epoll);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, int descriptor, int tag, uint interest)
    {
        byte* ev = stackalloc byte[16];
        *(uint*)ev = interest;
        *(long*)(ev + s_dataOffset) = tag;
        _ = Checked(ControlEpoll(_epoll, operation, descriptor, ev));
    }

    private static int Moved(nint result)
        => result >= 0 ? (int)result : Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? 0 : -1;

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int CreateEpoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int ControlEpoll(int epoll, int operation, int descriptor, byte* ev);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitEpoll(int epoll, byte* events, int max, int milliseconds);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint SendTo(int descriptor, byte* bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint ReceiveFrom(int descriptor, byte* bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int CreateTimer(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    private static partial int SetTimer(int timer, int flags, long* spec, void* old);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, void* bytes, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
