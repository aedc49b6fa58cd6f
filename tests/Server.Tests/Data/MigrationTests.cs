using Microsoft.Extensions.Logging.Abstractions;
using Ostiary.Server.Data;
using Ostiary.TestKit;
using Xunit;

namespace Ostiary.Server.Tests.Data;

public sealed class MigrationTests : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _open = [];
    private readonly string _directory = TestDirectory.Create();
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await PostgresFixture.CreateDatabaseAsync(migrated: false);

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _open) await one.DisposeAsync();
        await _database.DisposeAsync();
        TestDirectory.Delete(_directory);
    }

    [Fact]
    public void No_two_migrations_of_the_rooms_share_a_number() => Assert.NotEmpty(Migration.In(typeof(Db).Assembly));

    [Fact]
    public void Migrations_are_applied_by_number_whatever_their_room()
    {
        var ordered = Migration.Ordered([new("Work", 12, "c", ""), new("Agents", 20, "d", ""), new("Events", 3, "a", ""), new("Work", 4, "b", "")]);
        Assert.Equal(["a", "b", "c", "d"], ordered.Select(m => m.Name));
    }

    [Fact]
    public void Two_migrations_with_one_number_are_refused_by_name()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => Migration.Ordered([new("Work", 7, "one", ""), new("Agents", 7, "two", "")]));
        Assert.Contains("Work/Migrations/0007_one.sql", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Agents/Migrations/0007_two.sql", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_ends_of_a_checkout_do_not_change_a_checksum() =>
        Assert.Equal(new Migration("Work", 1, "a", "SELECT 1;\nSELECT 2;\n").Checksum, new Migration("Work", 1, "a", "SELECT 1;\r\nSELECT 2;\r\n").Checksum);

    [Fact]
    public async Task Every_migration_of_the_rooms_can_be_applied_to_an_empty_database_and_is_applied_once()
    {
        var all = Migration.In(typeof(Db).Assembly);
        await StartAsync(all);
        var db = await StartAsync(all);
        Assert.Equal(all.Select(m => m.Number), await db.ListAsync<int>("SELECT number FROM migrations ORDER BY number", null, default));
    }

    [Fact]
    public async Task Servers_that_start_at_once_apply_each_migration_once()
    {
        // Each would fail if it ran twice, and takes long enough for the others to meet it.
        Migration[] migrations =
        [
            new("Agents", 1, "slow", "CREATE TABLE slow (id int); SELECT pg_sleep(0.2);"),
            new("Work", 2, "more", "ALTER TABLE slow ADD COLUMN name text; INSERT INTO slow VALUES (1, 'one');"),
        ];
        var servers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => StartAsync(migrations))));
        Assert.Equal(1, await servers[0].FirstOrNoneAsync<int>("SELECT count(*)::int FROM slow", null, default));
        Assert.Equal([1, 2], await servers[3].ListAsync<int>("SELECT number FROM migrations ORDER BY number", null, default));
    }

    [Fact]
    public async Task A_file_that_was_changed_after_it_was_applied_stops_the_start()
    {
        await StartAsync([new("Agents", 1, "make", "CREATE TABLE a (id int)")]);
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => StartAsync([new("Agents", 1, "make", "CREATE TABLE a (id bigint)")]));
        Assert.Contains("Agents/Migrations/0001_make.sql", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_of_itself_and_can_be_mended()
    {
        Migration first = new("Agents", 1, "make", "CREATE TABLE a (id int)");
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => StartAsync([first, new("Agents", 2, "broken", "CREATE TABLE b (id int); SELECT nothing FROM nowhere")]));
        Assert.Contains("0002_broken", refused.Message, StringComparison.Ordinal);
        var db = await StartAsync([first, new("Agents", 2, "broken", "CREATE TABLE b (id int)")]);
        Assert.Equal([1, 2], await db.ListAsync<int>("SELECT number FROM migrations ORDER BY number", null, default));
    }

    [Fact]
    public async Task A_migration_numbered_below_one_that_was_applied_is_still_applied()
    {
        Migration second = new("Work", 5, "second", "CREATE TABLE second (id int)");
        await StartAsync([second]);
        var db = await StartAsync([new("Agents", 3, "late", "CREATE TABLE late (id int)"), second]);
        Assert.Equal([3, 5], await db.ListAsync<int>("SELECT number FROM migrations ORDER BY number", null, default));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_can_still_be_used()
    {
        Migration known = new("Agents", 1, "known", "CREATE TABLE known (id int)");
        await StartAsync([known, new("Agents", 9, "future", "CREATE TABLE future (id int)")]);
        Assert.Null(await (await StartAsync([known])).CheckAsync(default));
    }

    private async Task<Db> StartAsync(IReadOnlyList<Migration> migrations)
    {
        var options = new DataOptions { Directory = Path.Combine(_directory, Path.GetRandomFileName()), Database = _database.ConnectionString, MaxPoolSize = 5 };
        var postgres = new PrivatePostgres(options, TimeProvider.System, NullLogger<PrivatePostgres>.Instance);
        var db = new Db(options, postgres, TimeProvider.System, NullLogger<Db>.Instance);
        lock (_open) _open.Add(db);
        await db.StartAsync(migrations, CancellationToken.None);
        return db;
    }
}
