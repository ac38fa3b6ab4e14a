"""From syntax trees and a project to a compiled ruleset, with everything that is wrong."""
