using Ostiary.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
