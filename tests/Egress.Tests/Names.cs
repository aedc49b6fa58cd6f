using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ostiary.Egress.Tests;

/// <summary>A resolver with a table. A name may have several answers, given one after another; the last one stays.</summary>
internal sealed class Names : IEnumerable<string>
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string[]>> _answers = new();

    public ConcurrentQueue<string> Asked { get; } = new();

    public void Add(string name, params string[] addresses) => _answers.GetOrAdd(name, _ => new()).Enqueue(addresses);

    public Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        Asked.Enqueue(name);
        if (!_answers.TryGetValue(name, out var answers)) throw new SocketException((int)SocketError.HostNotFound);
        string[]? addresses;
        if (answers.Count > 1) answers.TryDequeue(out addresses);
        else answers.TryPeek(out addresses);
        // Not on the caller's stack: a real look-up takes its time.
        return Task.Run(() => addresses!.Select(IPAddress.Parse).ToArray(), cancellationToken);
    }

    public IEnumerator<string> GetEnumerator() => _answers.Keys.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
