using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ostiary.Vault.Tests;

public sealed class SecretTests
{
    private const string Fake = "fake-value-for-tests";

    [Fact]
    public void The_value_comes_back_as_it_went_in()
    {
        using var secret = Secret.From("héllo 🗝 wörld");
        Assert.Equal("héllo 🗝 wörld", secret.Reveal(value => value.ToString()));
        Assert.Equal("héllo 🗝 wörld", Encoding.UTF8.GetString(secret.RevealUtf8()));
        using var again = Secret.FromUtf8(secret.RevealUtf8());
        Assert.Equal("héllo 🗝 wörld", again.Reveal(value => value.ToString()));
    }

    private sealed record Holder(string Name, Secret Password);

    [Fact]
    public void Nothing_that_prints_shows_the_value()
    {
        using var secret = Secret.From(Fake);
        var holder = new Holder("somebody", secret);
        string[] shown =
        [
            secret.ToString(), $"{secret}", $"{secret,40}", string.Format(CultureInfo.InvariantCulture, "{0}", secret), string.Concat("", secret), holder.ToString(),
            new StringBuilder().Append(secret).ToString(), $"{new[] { secret }[0]}", new ArgumentException($"{secret}").ToString(),
        ];
        Assert.All(shown, text =>
        {
            Assert.Contains("Secret(•••)", text, StringComparison.Ordinal);
            Assert.DoesNotContain("fake", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_serializer_refuses_it()
    {
        using var secret = Secret.From(Fake);
        var direct = Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(secret));
        var inside = Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(new Holder("somebody", secret)));
        var listed = Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize<object>(new object[] { secret }));
        Assert.All([direct, inside, listed], failure => Assert.DoesNotContain("fake", failure.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void It_has_no_public_member_that_gives_the_value_without_being_asked()
    {
        var properties = typeof(Secret).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        Assert.Equal(["Length"], properties.Select(property => property.Name));
        Assert.NotNull(properties[0].GetCustomAttribute<IgnoreDataMemberAttribute>());
        Assert.Empty(typeof(Secret).GetFields(BindingFlags.Public | BindingFlags.Instance));
        Assert.Null(typeof(Secret).GetMethod("op_Implicit"));
    }

    [Fact]
    public void A_debugger_shows_no_member()
    {
        Assert.Equal("Secret(•••)", typeof(Secret).GetCustomAttribute<DebuggerDisplayAttribute>()!.Value);
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;
        MemberInfo[] members = [.. typeof(Secret).GetProperties(all), .. typeof(Secret).GetFields(all)];
        Assert.All(members, member => Assert.Equal(DebuggerBrowsableState.Never, member.GetCustomAttribute<DebuggerBrowsableAttribute>()?.State));
    }

    [Fact]
    public void A_logger_shows_nothing()
    {
        using var secret = Secret.From(Fake);
        var lines = new Lines();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(lines));
        var logger = factory.CreateLogger("test");
        logger.LogInformation("holding {Secret} and {@Holder}", secret, new Holder("somebody", secret));
        using (logger.BeginScope("scope {Secret}", secret)) logger.LogError(new InvalidOperationException($"{secret}"), "{Secret}", secret);
        Assert.Equal(2, lines.Written.Count);
        Assert.All(lines.Written, line => Assert.DoesNotContain("fake", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Dispose_wipes_the_memory_and_ends_its_use()
    {
        var secret = Secret.From(Fake);
        var memory = secret.Reveal(value => value);
        secret.Dispose();
        secret.Dispose();
        Assert.All(memory.ToArray(), character => Assert.Equal('\0', character));
        Assert.Throws<ObjectDisposedException>(() => secret.Reveal(value => value.Length));
        Assert.Throws<ObjectDisposedException>(() => secret.RevealUtf8());
        Assert.Throws<ObjectDisposedException>(() => secret.Length);
        Assert.Equal("Secret(•••)", secret.ToString());
    }

    [Fact]
    public void The_memory_stays_where_it_is_so_that_no_copy_is_left()
    {
        using var secret = Secret.From(Fake);
        Assert.Equal(2, GC.GetGeneration(Field(secret)!)); // The pinned object heap reports generation 2 from the start.
        Assert.Equal(2, GC.GetGeneration(secret.RevealUtf8()));
    }

    [Fact]
    public void Half_a_character_is_refused_without_repeating_it()
    {
        // Not as inline data: attributes are stored as UTF-8, which has no half characters.
        foreach (var broken in new[] { "\ud83d", "a\udddd", "\udddd\ud83d" })
        {
            var failure = Assert.Throws<ArgumentException>(() => Secret.From(Fake + broken));
            Assert.DoesNotContain("fake", failure.Message, StringComparison.Ordinal);
            Assert.Null(failure.InnerException);
        }
    }

    [Fact]
    public void Bytes_that_are_not_text_are_refused_without_repeating_them()
    {
        var failure = Assert.Throws<ArgumentException>(() => Secret.FromUtf8([0x66, 0x61, 0xC3, 0x28]));
        Assert.DoesNotContain("C3", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Null(failure.InnerException);
    }

    private sealed record Body(string? Username, Secret? Password);

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("wörld 🗝", "wörld 🗝")]
    [InlineData("a\\\"b\\\\c\\/d\\n\\t\\u0000", "a\"b\\c/d\n\t\0")]
    [InlineData("\\u00e9\\ud83d\\udddd", "é🗝")]
    public void It_is_read_from_json_with_every_escape(string json, string expected)
    {
        using var secret = JsonSerializer.Deserialize<Body>($$"""{"username":"u","password":"{{json}}"}""", Web)!.Password!;
        Assert.Equal(expected, secret.Reveal(value => value.ToString()));
    }

    [Fact]
    public async Task It_is_read_from_a_stream_that_arrives_byte_by_byte()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"password":"fake \u00e9 🗝 value"}""");
        var body = await JsonSerializer.DeserializeAsync<Body>(new OneByteAtATime(bytes), new JsonSerializerOptions(Web) { DefaultBufferSize = 1 }, TestContext.Current.CancellationToken);
        using var secret = body!.Password!;
        Assert.Equal("fake é 🗝 value", secret.Reveal(value => value.ToString()));
    }

    [Fact]
    public void It_is_read_from_a_token_split_over_buffers()
    {
        var bytes = Encoding.UTF8.GetBytes("""
            "fake \u00e9 🗝 value"
            """);
        var first = new Segment(bytes.AsMemory(0, 9), null);
        var last = new Segment(bytes.AsMemory(9), first);
        var reader = new Utf8JsonReader(new System.Buffers.ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        Assert.True(reader.Read());
        Assert.True(reader.HasValueSequence);
        using var secret = new SecretJsonConverter().Read(ref reader, typeof(Secret), Web);
        Assert.Equal("fake é 🗝 value", secret.Reveal(value => value.ToString()));
    }

    [Fact]
    public void Json_null_is_none() => Assert.Null(JsonSerializer.Deserialize<Body>("""{"password":null}""", Web)!.Password);

    [Theory]
    [InlineData("424242")]
    [InlineData("true")]
    [InlineData("{\"value\":\"fake\"}")]
    [InlineData("[\"fake\"]")]
    [InlineData("\"fake\\ud83d\"")]
    [InlineData("\"fake\\udddd\\ud83d\"")]
    public void Anything_else_in_json_is_refused_without_repeating_it(string json)
    {
        var failure = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Body>($$"""{"password":{{json}}}""", Web));
        for (Exception? one = failure; one is not null; one = one.InnerException)
        {
            Assert.DoesNotContain("fake", one.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("4242", one.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("DDDD", one.Message, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Equal("$.password", failure.Path);
    }

    private static object? Field(Secret secret) => typeof(Secret).GetField("_characters", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(secret);

    private sealed class Segment : System.Buffers.ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }

    private sealed class OneByteAtATime(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }

    private sealed class Lines : ILoggerProvider, ILogger, ISupportExternalScope
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public List<string> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = new StringBuilder(formatter(state, exception)).Append(exception);
            if (state is IEnumerable<KeyValuePair<string, object?>> values)
                foreach (var (name, value) in values) line.Append(name).Append('=').Append(value);
            _scopes.ForEachScope((scope, text) => text.Append(scope), line);
            Written.Add(line.ToString());
        }

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose()
        {
        }
    }
}
