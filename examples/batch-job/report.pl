#!/usr/bin/env perl
use strict;
use warnings;
use JSON;
use Text::CSV;

open my $table, '<:encoding(UTF-8)', $ARGV[0] or die "$ARGV[0]: $!\n";
my $csv = Text::CSV->new({ binary => 1, auto_diag => 2 });
$csv->column_names($csv->getline($table));
my %tons;
while (my $row = $csv->getline_hr($table)) {
    $tons{ $row->{ship} } += $row->{tons};
}
print JSON->new->utf8->canonical->encode(\%tons);
