using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Ostiary.Server.Data;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Data;

public sealed class DbTests : IAsyncLifetime
{
    private readonly List<Db> _open = [];
    private readonly string _root = TestDirectory.Create();
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await PostgresFixture.CreateDatabaseAsync(migrated: false);

    public async ValueTask DisposeAsync()
    {
        foreach (var db in _open) await db.DisposeAsync();
        await _database.DisposeAsync();
        TestDirectory.Delete(_root);
    }

    [Fact]
    public async Task Signals_are_given_after_the_commit_in_order_and_not_without_it()
    {
        var db = await StartAsync(_database.ConnectionString);
        var signals = new List<string>();
        await using (var tx = await db.BeginAsync(default)) tx.AfterCommit(() => signals.Add("rolled back"));
        await using (var tx = await db.BeginAsync(default))
        {
            await tx.ExecuteAsync("CREATE TABLE t (id int)", null, default);
            tx.AfterCommit(() => signals.Add("first"));
            tx.AfterCommit(() => throw new InvalidOperationException("a signaller's bug"));
            tx.AfterCommit(() => signals.Add("last"));
            Assert.Empty(signals);
            await tx.CommitAsync(default);
        }

        Assert.Equal(["first", "last"], signals);
    }

    [Fact]
    public async Task A_caller_that_has_gone_commits_nothing()
    {
        var db = await StartAsync(_database.ConnectionString);
        await using (var tx = await db.BeginAsync(default))
        {
            await tx.ExecuteAsync("CREATE TABLE t (id int)", null, default);
            await Assert.ThrowsAsync<OperationCanceledException>(() => tx.CommitAsync(new CancellationToken(canceled: true)));
        }

        Assert.Null(await db.FirstOrNoneAsync<string>("SELECT to_regclass('t')::text", null, default));
    }

    [Fact]
    public async Task A_row_becomes_a_record_and_goes_back_with_its_types()
    {
        var db = await StartAsync(_database.ConnectionString);
        await using var tx = await db.BeginAsync(default);
        await tx.ExecuteAsync("CREATE TABLE noun (noun_id text, created_at timestamptz, ended_at timestamptz, labels text[], details jsonb)", null, default);
        var local = new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.FromHours(5.5));
        await tx.ExecuteAsync(
            "INSERT INTO noun (noun_id, created_at, ended_at, labels, details) VALUES (@Id, @at, @none, @labels, @details)",
            new { Id = "n_1", at = local, none = (DateTimeOffset?)null, labels = new[] { "a", "b,c" }, details = Sql.Json("{\"b\": [1, null]}") }, default);
        await tx.ExecuteAsync("INSERT INTO noun (noun_id, created_at, details) VALUES ('n_2', @at, @details)", new { at = local.AddDays(1), details = Sql.Json(null) }, default);
        var noun = await tx.OneAsync<Noun>("SELECT noun_id, created_at, ended_at, labels, details::text AS details FROM noun WHERE noun_id = ANY(@ids) AND created_at <= @at", new { ids = new[] { "n_1", "n_2" }, at = local }, default);
        Assert.Equal(("n_1", local, TimeSpan.Zero, null, "{\"b\": [1, null]}"), (noun.NounId, noun.CreatedAt, noun.CreatedAt.Offset, noun.EndedAt, noun.Details));
        Assert.Equal(["a", "b,c"], noun.Labels!);
        var empty = await tx.FirstOrNoneAsync<Noun>("SELECT noun_id, created_at, ended_at, labels, details::text AS details FROM noun WHERE details IS NULL", null, default);
        Assert.Equal(("n_2", null, null), (empty!.NounId, empty.Labels, empty.Details));
        Assert.Null(await tx.FirstOrNoneAsync<Noun>("SELECT noun_id, created_at, ended_at, labels, details::text AS details FROM noun WHERE false", null, default));
    }

    [Fact]
    public async Task A_duplicate_is_recognised_by_its_constraint_and_its_values_stay_out_of_the_exception()
    {
        var db = await StartAsync(_database.ConnectionString);
        await using var connection = await db.OpenAsync(default);
        await connection.ExecuteAsync("CREATE TABLE t (name text CONSTRAINT t_name UNIQUE); INSERT INTO t VALUES ('private value')", null, default);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync("INSERT INTO t VALUES ('private value')", null, default));
        Assert.True(refused.IsDuplicate());
        Assert.True(refused.IsDuplicate("t_name"));
        Assert.False(refused.IsDuplicate("t_other"));
        Assert.DoesNotContain("private value", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_nobody_answers_for_is_waited_for_and_then_named_without_its_password()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)closed.LocalEndPoint!).Port;
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => StartAsync($"postgres://ostiary:hunter2@127.0.0.1:{port}/main", TimeSpan.FromMilliseconds(500)));
        Assert.Contains($"127.0.0.1:{port}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("main", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_at_once_and_not_repeated()
    {
        var settings = new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Password = "hunter2" };
        // With an hour to wait, an answer in this test is an answer without waiting.
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => StartAsync(settings.ConnectionString, TimeSpan.FromHours(1)).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("28P01", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_refused_at_once()
    {
        var settings = new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Database = "nowhere" };
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => StartAsync(settings.ConnectionString, TimeSpan.FromHours(1)).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("nowhere", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(140018, false)]
    [InlineData(149999, false)]
    [InlineData(150000, true)]
    [InlineData(180001, true)]
    public void PostgreSQL_older_than_15_is_refused_with_its_version(int version, bool fits)
    {
        var refusal = DatabaseAddress.Refusal(version, new NpgsqlConnectionStringBuilder { Host = "db.example", Database = "main", Password = "hunter2" });
        Assert.Equal(fits, refusal is null);
        if (refusal is not null) Assert.Contains($"is PostgreSQL {version / 10000}; Ostiary needs PostgreSQL 15", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=h;Pasword=hunter2")]
    [InlineData("hunter2")]
    [InlineData("Host=h;Port=hunter2")]
    [InlineData("postgres://u:hunter2@h:notaport/d")]
    [InlineData("postgres://u:hunter2@h/d?sslmode=hunter2")]
    [InlineData("postgres://u:hunter2@h/d?unheard_of=1")]
    [InlineData("Password=hunter2;Database=d")]
    public void An_address_that_cannot_be_read_is_refused_without_repeating_it(string address)
    {
        var refused = Assert.Throws<StartRefusedException>(() => DatabaseAddress.Parse(address));
        Assert.Contains("OSTIARY_DATABASE", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_url_is_read_as_libpq_reads_it()
    {
        var settings = DatabaseAddress.Parse("postgresql://us%40er:p%2Fa%3Ass@db.example:6543/ma%20in?sslmode=verify-full&application_name=here&connect_timeout=7");
        Assert.Equal(("db.example", 6543, "us@er", "p/a:ss", "ma in"), (settings.Host, settings.Port, settings.Username, settings.Password, settings.Database));
        Assert.Equal((SslMode.VerifyFull, "here", 7), (settings.SslMode, settings.ApplicationName, settings.Timeout));
        Assert.Equal("::1", DatabaseAddress.Parse("postgres://u@[::1]/d").Host);
        Assert.Equal("/run/postgresql", DatabaseAddress.Parse("postgres://u@%2Frun%2Fpostgresql/d").Host);
        Assert.Equal("/run/postgresql", DatabaseAddress.Parse("postgres:///d?host=/run/postgresql").Host);
    }

    private async Task<Db> StartAsync(string database, TimeSpan? timeout = null)
    {
        var options = new DataOptions { Directory = Path.Combine(_root, Path.GetRandomFileName()), Database = database, MaxPoolSize = 5, StartTimeout = timeout ?? TimeSpan.FromSeconds(60) };
        var db = new Db(options, new PrivatePostgres(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance), TimeProvider.System, NullLogger<Db>.Instance);
        _open.Add(db);
        await db.StartAsync([], default);
        return db;
    }

    internal sealed record Noun(string NounId, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, string[]? Labels, string? Details);
}
