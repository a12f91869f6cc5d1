using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Gateway.Crm;

namespace LeadGrain.Tests.Crm;

public sealed class CsvGuardTests
{
    [Fact]
    public void No_value_can_be_run_whatever_a_spreadsheet_splits_cells_at_and_each_comes_back_as_it_was()
        => Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var value = new string(random.GetItems("ab';\t\r\n\"=+-@ ,\uFF1D\uFF0B\uFF0D\uFF20".AsSpan(), random.Next(12)));
            var cell = CsvGuard.Put(value);
            return CsvGuard.Take(cell) == value
                && !Regex.IsMatch(cell, "(^[\t\r\n]?|[;\t\r\n]\"*)[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20]");
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_becomes_another_by_being_guarded_twice()
        => Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var value = new string(random.GetItems("a';=\"".AsSpan(), random.Next(8)));
            return CsvGuard.Take(CsvGuard.Take(CsvGuard.Put(CsvGuard.Put(value)))) == value;
        }).QuickCheckThrowOnFailure();
}
