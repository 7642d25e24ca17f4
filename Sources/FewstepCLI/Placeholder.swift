// FewstepCLI
