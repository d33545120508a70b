//! How programs are installed on this system.

use std::fs;

/// Package managers, each with the command that installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Debian,
    Fedora,
    Arch,
    Alpine,
    Suse,
    Mac,
    Windows,
    Other,
}

impl System {
    pub(super) fn of_this_machine() -> Self {
        match std::env::consts::OS {
            "macos" => Self::Mac,
            "windows" => Self::Windows,
            _ => fs::read_to_string("/etc/os-release")
                .map_or(Self::Other, |text| Self::of_release(&text)),
        }
    }

    /// From the content of `/etc/os-release`.
    fn of_release(text: &str) -> Self {
        let names = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("ID=")
                    .or_else(|| line.strip_prefix("ID_LIKE="))
            })
            .flat_map(|names| names.trim_matches('"').split_whitespace());
        for name in names {
            match name {
                "debian" | "ubuntu" => return Self::Debian,
                "fedora" | "rhel" => return Self::Fedora,
                "arch" => return Self::Arch,
                "alpine" => return Self::Alpine,
                "suse" | "opensuse" => return Self::Suse,
                _ => {}
            }
        }
        Self::Other
    }

    /// The command that installs `program`.
    pub(super) fn install(self, program: &str) -> String {
        if program == "uv" {
            return match self {
                Self::Mac => "brew install uv".to_owned(),
                Self::Windows => "winget install astral-sh.uv".to_owned(),
                _ => "pipx install uv".to_owned(),
            };
        }
        let package = self.package(program);
        match self {
            Self::Debian => format!("sudo apt install {package}"),
            Self::Fedora => format!("sudo dnf install {package}"),
            Self::Arch => format!("sudo pacman -S {package}"),
            Self::Alpine => format!("sudo apk add {package}"),
            Self::Suse => format!("sudo zypper install {package}"),
            Self::Mac => format!("brew install {package}"),
            Self::Windows => format!("winget install {package}"),
            Self::Other => format!("the package manager of this system ({package})"),
        }
    }

    /// Packages are not always called like the program in them.
    fn package(self, program: &str) -> &str {
        match (program, self) {
            ("node", Self::Windows) => "OpenJS.NodeJS",
            ("node", Self::Mac) => "node",
            ("node", _) => "nodejs",
            ("psql", Self::Debian) => "postgresql-client",
            ("psql", Self::Arch) => "postgresql-libs",
            ("psql", Self::Mac) => "libpq",
            ("psql", Self::Windows) => "PostgreSQL.PostgreSQL",
            ("psql", _) => "postgresql",
            ("tesseract", Self::Debian | Self::Alpine) => "tesseract-ocr",
            ("tesseract", Self::Windows) => "UB-Mannheim.TesseractOCR",
            ("python3", Self::Arch) => "python",
            ("python3", Self::Windows) => "Python.Python.3.13",
            ("git", Self::Windows) => "Git.Git",
            ("chromium", Self::Mac) => "--cask chromium",
            ("chromium", Self::Windows) => "Google.Chrome",
            (program, _) => program,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relatives_of_debian_install_with_apt() {
        let mint =
            System::of_release("NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");

        assert_eq!(mint.install("psql"), "sudo apt install postgresql-client");
    }
}
